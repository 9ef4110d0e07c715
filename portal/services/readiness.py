"""How ready a case is for the police, in the order of their own list: ten things, none a bar.

A row counts as complete only when somebody really said it or a file really shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.domain.questionnaire import accounts_of, addresses_of, value_of
from portal.services import reading
from portal.services.case_views import CaseView, EvidenceView

COMPLETE, PARTLY, MISSING = "complete", "partly", "missing"
CHATS = ("text/plain", "text/csv", "application/json", "message/")
CHAT_INSIDE = re.compile(r"chat.*\.txt$|messages?_?\d*\.(json|html)$|^_chat\.txt$", re.IGNORECASE)
SHOWN_NAMES = 4


@dataclass(frozen=True, slots=True)
class Parties:
    """Who goes to the police, for whom: typed when the packet is made, kept nowhere else."""

    reporter: str = ""
    on_behalf_of: str = ""
    consent: str = ""
    wish: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """One row of the list: a key, how far it is, and what there is."""

    key: str
    state: str
    text: str = ""


def rows(view: CaseView, parties: Parties) -> list[Readiness]:
    """Give the ten rows in the order of the police's list."""
    incidents = [
        item
        for report in view.reports
        for item in value_of(report.answers, "online").get("incidents") or []
    ]
    return [
        _of("parties", parties.reporter, parties.on_behalf_of),
        _of("consent", parties.consent),
        _moments(view, incidents),
        _addresses(incidents),
        _names(view, incidents),
        _chats(view.evidence),
        _files("screenshots", view.evidence, ("image/",)),
        _files("video", view.evidence, ("video/",)),
        _consequences(view),
        _wish(view, parties),
    ]


def counts(found: Sequence[Readiness]) -> dict[str, int]:
    """Count the rows of each state, for the meter."""
    return {
        state: sum(row.state == state for row in found) for state in (COMPLETE, PARTLY, MISSING)
    }


def _of(key: str, *texts: str) -> Readiness:
    given = [text for text in texts if text]
    state = COMPLETE if len(given) == len(texts) else PARTLY if given else MISSING
    return Readiness(key, state, ", ".join(given))


def _moments(view: CaseView, incidents: Sequence[Mapping[str, Any]]) -> Readiness:
    whens = [value_of(report.answers, "when") for report in view.reports]
    exact = [str(item["when"]) for item in incidents if item.get("when")]
    exact += [str(item["exact"]) for item in whens if item.get("exact")]
    rough = [str(item["moment"]) for item in whens if item.get("moment")]
    rough += [str(item["when_text"]) for item in incidents if item.get("when_text")]
    state = COMPLETE if exact else PARTLY if rough else MISSING
    return Readiness("moments", state, "; ".join((exact + rough)[:SHOWN_NAMES]))


def _addresses(incidents: Sequence[Mapping[str, Any]]) -> Readiness:
    with_address = sum(bool(addresses_of(item)) for item in incidents)
    if not with_address:
        accounts = sum(bool(accounts_of(item)) for item in incidents)
        text = f"{accounts} keer alleen de naam van het account." if accounts else ""
        return Readiness("addresses", PARTLY if accounts else MISSING, text)
    state = COMPLETE if with_address == len(incidents) else PARTLY
    return Readiness("addresses", state, f"{with_address} van {len(incidents)} met heel adres.")


def _names(view: CaseView, incidents: Sequence[Mapping[str, Any]]) -> Readiness:
    names = [name for item in incidents for name in accounts_of(item)]
    accused = [
        str(text)
        for report in view.reports
        if (text := value_of(report.answers, "people").get("accused"))
    ]
    found = list(dict.fromkeys([*names, *accused]))
    return Readiness("names", COMPLETE if found else MISSING, ", ".join(found[:SHOWN_NAMES]))


def _files(key: str, items: Sequence[EvidenceView], kinds: tuple[str, ...]) -> Readiness:
    found = [item for item in items if item.media_type.startswith(kinds) and not item.intimate]
    text = ", ".join(f"{item.exhibit} {item.name}" for item in found[:SHOWN_NAMES])
    return Readiness(key, COMPLETE if found else MISSING, text)


def _chats(items: Sequence[EvidenceView]) -> Readiness:
    """A closed archive counts as a chat only when the names in it say so."""
    sure = [item for item in items if item.media_type.startswith(CHATS) or _holds_chat(item)]
    maybe = [item for item in items if "archive_unopened" in item.warnings]
    text = ", ".join(f"{item.exhibit} {item.name}" for item in (sure or maybe)[:SHOWN_NAMES])
    return Readiness("chats", COMPLETE if sure else PARTLY if maybe else MISSING, text)


def _holds_chat(item: EvidenceView) -> bool:
    names = item.facts.get("member_names") or []
    return item.preview == "timeline" or any(CHAT_INSIDE.search(str(name)) for name in names)


def _consequences(view: CaseView) -> Readiness:
    """Damage is not asked for; what was ticked (things taken or broken) only hints at it."""
    hints = {"damaging", "stealing", "extortion"}
    for report in view.reports:
        ticked = report.answers.get("forms", {}).get("value")
        if isinstance(ticked, list) and hints & set(ticked):
            return Readiness("damage", PARTLY)
    return Readiness("damage", MISSING)


def _wish(view: CaseView, parties: Parties) -> Readiness:
    """What the reporter wants of the school is not yet what the family wants of the police."""
    if parties.wish:
        return Readiness("wish", COMPLETE, parties.wish)
    wanted = next((line for report in view.reports for line in reading.wished(report)), "")
    return Readiness("wish", PARTLY if wanted else MISSING, wanted)
