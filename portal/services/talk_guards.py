"""What holds a talk back: "politie eerst", and a talk together that nobody freely chose.

A hold is proposed by the answers of a report and stands until a person decided, with a reason.
Care of the pupil and word with parents are never held; talks that ask what happened are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain.deadlines import local_date
from portal.domain.people import PUPIL_GATES
from portal.domain.protocol import Protocol
from portal.domain.questionnaire import value_of
from portal.models import Case
from portal.services import case_keys, case_records
from portal.services.case_keys import CaseKeys

HOLD, JOINT, TALK, STEP = "police_first", "joint_wish", "talk", "step"
GROUNDS = ("sexual", "threat", "weapon", "report")
"""Why the police come first; ``report``: an aangifte is planned."""
TOGETHER = ("talk_joint", "restorative")
HELD = frozenset(
    {
        "talk_subject", "talk_accused", "talk_both", "talk_separate", "talk_group", "talk_class",
        *TOGETHER,
    }
)  # fmt: skip
"""Kinds of actions that a hold stops."""
HELD_WITH = frozenset({"subject", "accused", "class", "joint"})
APART = {"subject": ("talk_subject",), "accused": ("talk_accused",)}
APART_BOTH = ("talk_both", "talk_separate")
YES_USED = "Vraag het de leerling opnieuw: deze ‘ja’ gold voor het vorige gesprek."
YES_OLD = "Vraag het de leerling opnieuw: deze ‘ja’ is te oud."
POLICE_FIRST = "Politie eerst: er is nog geen contact met de politie vastgelegd."
NO_YES = "Eerst nodig: een vrij ‘ja’ van de leerling om wie het gaat."
NOT_APART = "Eerst ieder apart: er is nog geen gesprek apart met beide kanten vastgelegd."
FORMS = {"weapons": "weapon", "online_threats": "threat"}


@dataclass(frozen=True, slots=True)
class Hold:
    """How "politie eerst" stands. `state`: none, proposed, held or lifted."""

    state: str
    grounds: tuple[str, ...]
    since: date | None = None
    said: tuple[dict[str, Any], ...] = ()
    """Every decision, oldest first."""

    @property
    def holds(self) -> bool:
        """Whether talks wait."""
        return self.state in {"proposed", "held"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the pupil it is about wants of a talk together.

    `state`: unasked, yes, no, ended; used and old: a yes that counts no more.
    """

    state: str
    said: tuple[dict[str, Any], ...] = ()


def hold_of(session: Session, case: Case, opened: CaseKeys) -> Hold:
    """Say whether the police come first, by the last decision and by what was told since."""
    proposed = _proposed(case_records.answers_of(session, opened))
    said = tuple(case_records.read(session, opened, HOLD))
    if not said:
        state = "proposed" if proposed else "none"
        return Hold(state, proposed, local_date(case.opened_at) if proposed else None)
    last = said[-1]
    since = local_date(last["at"])
    if last["do"] == "hold":
        return Hold("held", tuple(last["grounds"]), since, said)
    new = tuple(one for one in proposed if one not in last["grounds"])
    return Hold("proposed" if new else "lifted", new or tuple(last["grounds"]), since, said)


def _proposed(reports: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    found: list[str] = []
    for answers in reports:
        forms = value_of(answers, "forms").get("forms") or []
        found += [ground for form, ground in FORMS.items() if form in forms]
        if value_of(answers, "safety").get("sexual"):
            found.append("sexual")
    return tuple(ground for ground in GROUNDS if ground in found)


def wish_of(session: Session, opened: CaseKeys, protocol: Protocol, on: date) -> Wish:
    """Say what the pupil wants of a talk together on a day; the last word counts.

    A yes is for one talk, and for as many days as the data says.
    """
    said = tuple(case_records.read(session, opened, JOINT))
    if not said or said[-1]["wish"] != "yes":
        return Wish(said[-1]["wish"] if said else "unasked", said)
    if _held_after(session, opened, protocol, said[-1]["seq"]):
        return Wish("used", said)
    age = (on - local_date(said[-1]["at"])).days
    return Wish("old" if age > data.talk_guides().yes_days else "yes", said)


def _held_after(session: Session, opened: CaseKeys, protocol: Protocol, seq: int) -> bool:
    """Whether they talked together after a record, as a talk or as a step."""
    kinds = {item.key: item.kind for step in protocol.steps for item in step.actions}
    talks = [one for one in case_records.read(session, opened, TALK) if one["with"] == "joint"]
    done = [
        one
        for one in case_records.read(session, opened, STEP)
        if one["outcome"] == "done" and kinds.get(one["action"]) in TOGETHER
    ]
    return any(one["seq"] > seq for one in (*talks, *done))


def step_refusal(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[Mapping[str, Any]],
    body: Mapping[str, Any],
) -> str | None:
    """Say why a talk may not be recorded as done at this step; None when it may."""
    parts = protocol.parts(case.step_key)
    actions = {item.key: item.kind for part in parts for item in part.actions}
    kind = actions.get(body["action"], "")
    if body["outcome"] != "done" or kind not in HELD:
        return None
    if hold_of(session, case, opened).holds:
        return POLICE_FIRST
    if kind not in TOGETHER:
        return None
    on = local_date(datetime.fromisoformat(body["at"]))
    return together_refusal(session, case, opened, protocol, steps, on)


def together_refusal(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[Mapping[str, Any]],
    on: date,
) -> str | None:
    """Say why these pupils may not talk together yet; None when they may."""
    wish = wish_of(session, opened, protocol, on).state
    if wish == "unasked" and _asked_by_protocol(protocol, case, steps):
        return YES_USED if _held_after(session, opened, protocol, 0) else None
    if wish != "yes":
        return {"used": YES_USED, "old": YES_OLD}.get(wish, NO_YES)
    kinds = {item.key: item.kind for step in protocol.steps for item in step.actions}
    done = {kinds.get(one["action"]) for one in steps if one["outcome"] == "done"}
    talked = {one["with"] for one in case_keys.facts_of(session, opened, TALK)}
    apart = all(side in talked or done & {*APART[side], *APART_BOTH} for side in APART)
    return None if apart else NOT_APART


def _asked_by_protocol(protocol: Protocol, case: Case, steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a gate of this step asked the pupil about a talk together, and heard a yes."""
    parts = protocol.parts(case.step_key)
    talks = {item.key for part in parts for item in part.actions if item.kind in TOGETHER}
    asking = {
        gate.key
        for part in parts
        for gate in part.gates
        if gate.kind in PUPIL_GATES and talks & {*gate.blocks}
    }
    last = {one["action"]: one["outcome"] for one in steps if one["step"] == case.step_key}
    return any(last.get(key) == "agreed" for key in asking)
