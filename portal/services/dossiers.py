"""From an opened case to the dossier: facts in the order of the police's own list.

What was told is told verbatim with its question; nothing concludes that an offence happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.domain import dutch
from portal.domain.deadlines import ZONE
from portal.domain.questionnaire import accounts_of, addresses_of, lines_of
from portal.dossier import (
    Account,
    Check,
    CustodyRow,
    Dossier,
    Entry,
    Exhibit,
    Fact,
    ListItem,
    QuestionAnswer,
    Row,
    Statement,
)
from portal.services import drafts
from portal.services.case_views import CaseView, EvidenceView, ReportView
from portal.services.readiness import Parties
from portal.services.reading import Told, platform_of

TITLE = "Wat er is gemeld, met de bewijsstukken"
HEARD = "niet zelf gezien, van horen zeggen"
FIRST_HAND = {"subject", "bystander", "participant"}
PERSPECTIVES = {
    "subject": "degene om wie het gaat",
    "bystander": "iemand die het zag of hoorde",
    "participant": "iemand die meedeed",
    "parent": "een ouder of verzorger",
    "staff": "een medewerker",
    "unsure": "iemand die dat niet zei",
}
KINDS = {
    "image": "afbeelding",
    "video": "video",
    "audio": "geluid",
    "text": "tekst",
    "timeline": "berichten",
}
OFTEN = {"once": "Eén keer. ", "more": "Een paar keer. ", "often": "Vaak. "}


NOBODY_YET = Parties()
SAID_IN_FACTS = 300
SEALED = "verzegeld"
SEALED_REMARK = "Niet in dit pakket. Twee herstelhouders van de school openen het voor de politie."
REST_REMARK = (
    "Er is een afgeleide kopie van dit pakje, zonder wat gesloten is ({left_out} niet, {members} "
    "wel). Zij is geen origineel. SHA-256 van de kopie: {sha256}"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the facts: who made it, when, and how to check it."""

    case_label: str
    school_line: str
    author: str
    created: datetime
    version: int
    check: Check
    parties: Parties = NOBODY_YET


def make(
    view: CaseView,
    told: Sequence[list[Told]],
    items: Sequence[EvidenceView],
    custody: Sequence[CustodyRow],
    frame: Frame,
    sealed: Sequence[EvidenceView] = (),
) -> Dossier:
    """Make the dossier of a case with the chosen evidence items.

    Args:
        sealed: what is kept for the police: named by digest, time and size, never shown.
    """
    exhibits = (*map(_exhibit, items), *map(_sealed_exhibit, sealed))
    facts = tuple(fact for report in view.reports for fact in _facts(report))
    return Dossier(
        title=TITLE,
        lead=_lead(view, items),
        case_label=frame.case_label,
        school=frame.school_line,
        author=frame.author,
        created=frame.created.astimezone(ZONE).replace(microsecond=0),
        version=frame.version,
        parties=_parties(view, frame.parties),
        facts=facts,
        exhibits=exhibits,
        custody=tuple(custody),
        check=frame.check,
        statements=tuple(
            _statement(number, report, lines)
            for number, (report, lines) in enumerate(zip(view.reports, told, strict=True), 1)
        ),
        police_list=_police_list(view, items),
        accounts=tuple(_accounts(view)),
    )


def _lead(view: CaseView, items: Sequence[EvidenceView]) -> str:
    many = len(view.reports)
    reports = "een melding" if many == 1 else f"{many} meldingen"
    files = "geen bestanden" if not items else f"{len(items)} originele bestanden"
    files = "een origineel bestand" if len(items) == 1 else files
    return (
        f"Dit dossier bevat {reports} in de eigen woorden van wie meldde, {files} en het logboek "
        "van de school. Wat gemeld is, is niet door de school vastgesteld."
    )


def _parties(view: CaseView, given: Parties) -> tuple[Row, ...]:
    rows = []
    for number, report in enumerate(view.reports, 1):
        who = PERSPECTIVES.get(str(_value(report, "perspective") or ""), PERSPECTIVES["unsure"])
        rows.append(Row(f"Melding {number}", f"door {who}"))
    return (
        *rows,
        _row("Aangever", given.reporter, "naam van wie aangifte doet"),
        _row("Voor", given.on_behalf_of, "naam en leeftijd van degene om wie het gaat"),
        _row("Toestemming", given.consent, "wie toestemming gaf, en wanneer"),
        _row("Wens", given.wish, "vervolging, schade, slachtofferhulp"),
    )


def _row(label: str, text: str, what: str) -> Row:
    return Row(label, text) if text else Row(label, missing=what)


def _facts(report: ReportView) -> list[Fact]:
    found = []
    when = _fields(report, "when")
    hearsay = "" if str(_value(report, "perspective")) in FIRST_HAND else HEARD
    if when:
        moment = "; ".join(map(dutch.moment, _texts(when, "exact", "moment"))) or "tijd niet gezegd"
        place = str(when.get("where") or "")
        often = OFTEN.get(str(when.get("frequency") or ""), "")
        what = f"{often}Zie de verklaring in eigen woorden."
        found.append(Fact(when=moment, what=what, where=place, hearsay=hearsay))
    found += [_entry_fact(number, one) for number, one in enumerate(report.entries, 1)]
    return [*found, *(_online_fact(item, hearsay) for item in _incidents(report))]


def _entry_fact(number: int, entry: drafts.Entry) -> Fact:
    """Say when an entry of a diary was about, and when it was written; its words stand below."""
    about = "" if entry.exact or not entry.happened else ", ongeveer"
    moment = dutch.moment(entry.happened) + about if entry.happened else "tijd niet gezegd"
    written = dutch.long_time(entry.written_at.astimezone(ZONE))
    words = " ".join(entry.text.split())
    short = words if len(words) <= SAID_IN_FACTS else words[: SAID_IN_FACTS - 1] + "…"
    files = f" Bestanden: {', '.join(file.name for file in entry.files)}." if entry.files else ""
    return Fact(
        when=moment, what=f"‘{short}’ Aantekening {number}, opgeschreven op {written}.{files}"
    )


def _online_fact(incident: dict[str, Any], hearsay: str) -> Fact:
    names = accounts_of(incident)
    addresses = addresses_of(incident)
    where = ", ".join(part for part in (platform_of(incident), *names) if part)
    about = ", ongeveer" if incident.get("precision") == "about" else ""
    exact = dutch.moment(str(incident.get("when") or ""))
    moment = exact + about if exact else str(incident.get("when_text") or "tijd niet gezegd")
    return Fact(
        when=moment,
        what=f"Online: {where}" if where else "Online",
        where=next(iter(addresses), ""),
        address=bool(addresses),
        hearsay=hearsay,
    )


def _police_list(
    view: CaseView, items: Sequence[EvidenceView]
) -> dict[ListItem, tuple[Entry, ...]]:
    incidents = [item for report in view.reports for item in _incidents(report)]
    names = [Entry(name) for report in view.reports for name in _texts(_fields(report, "people"))]
    nicknames = [Entry(text, mono=True) for item in incidents for text in accounts_of(item)]
    return {
        ListItem.ADDRESSES: tuple(
            Entry(address, mono=True) for item in incidents for address in addresses_of(item)
        ),
        ListItem.NAMES: (*nicknames, *names),
        ListItem.CHATS: _exhibits_of(items, ("text/", "application/zip")),
        ListItem.MESSAGES: _exhibits_of(items, ("message/", "audio/")),
        ListItem.SCREENSHOTS: _exhibits_of(items, ("image/",)),
        ListItem.VIDEOS: _exhibits_of(items, ("video/",)),
    }


def _exhibits_of(items: Sequence[EvidenceView], kinds: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(
        Entry(item.name, exhibits=item.exhibit)
        for item in items
        if item.media_type.startswith(kinds)
    )


def _accounts(view: CaseView) -> list[Account]:
    found: dict[str, Account] = {}
    for report in view.reports:
        for incident in _incidents(report):
            addresses = addresses_of(incident)
            missing = "" if addresses else "adres van het profiel"
            detail = ", ".join(part for part in (platform_of(incident), *addresses) if part)
            names = lines_of(incident.get("account")) or accounts_of(incident)
            for name in names:
                found.setdefault(name, Account(name, detail, missing))
    return list(found.values())


def _statement(number: int, report: ReportView, lines: Sequence[Told]) -> Statement:
    sent = report.sent_at.astimezone(ZONE) if report.sent_at else None
    when = f" op {dutch.day_long(sent)} {sent.year}" if sent else ""
    return Statement(
        title=f"Melding {number}",
        source=f"Binnengekomen{when}, hier woord voor woord.",
        parts=tuple(
            QuestionAnswer(item.title, "\n".join(item.lines), asked=" · ".join(item.asked))
            for item in lines
            if item.key not in {"perspective", "name"}
        )
        + tuple(_entry_words(place, one) for place, one in enumerate(report.entries, 1)),
    )


def _entry_words(number: int, entry: drafts.Entry) -> QuestionAnswer:
    written = dutch.long_time(entry.written_at.astimezone(ZONE))
    title = f"Aantekening {number}, opgeschreven op {written}"
    return QuestionAnswer(title, entry.text, asked="")


def _exhibit(item: EvidenceView) -> Exhibit:
    return Exhibit(
        number=item.exhibit,
        name=item.name,
        kind=KINDS.get(item.preview, "bestand"),
        size=item.size,
        received=item.received_at.astimezone(ZONE),
        sha256=item.sha256,
        description=f"{KINDS.get(item.preview, 'bestand')}, {item.media_type}",
    )


def _sealed_exhibit(item: EvidenceView) -> Exhibit:
    return Exhibit(
        number=item.exhibit,
        name=item.name,
        kind=SEALED,
        size=item.size,
        received=item.received_at.astimezone(ZONE),
        sha256=item.sha256,
        remarks=(SEALED_REMARK, *([REST_REMARK.format(**item.rest)] if item.rest else [])),
    )


def _value(report: ReportView, key: str) -> Any:
    return report.answers.get(key, {}).get("value")


def _fields(report: ReportView, key: str) -> dict[str, Any]:
    value = _value(report, key)
    return value if isinstance(value, dict) and "unknown" not in value else {}


def _incidents(report: ReportView) -> list[dict[str, Any]]:
    return list(_fields(report, "online").get("incidents") or [])


def _texts(fields: dict[str, Any], *keys: str) -> list[str]:
    chosen = keys or tuple(fields)
    return [str(fields[key]) for key in chosen if isinstance(fields.get(key), str) and fields[key]]
