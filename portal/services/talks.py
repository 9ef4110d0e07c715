"""Talks: what was said kept apart from what was seen and thought, and what must come before one."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain.deadlines import local_date
from portal.domain.talk_guides import WITH, TalkGuide, guide_from
from portal.models import Case, School
from portal.services import (
    case_keys,
    case_records,
    case_work,
    groups,
    measure_record,
    people,
    protocols,
    stands,
    talk_guards,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.groups import GroupView
from portal.services.staff import StaffActor
from portal.services.talk_guards import Hold, Wish

KINDS = {
    "subject": ("talk_subject", "talk_both", "talk_separate", "first_response", "aftercare"),
    "accused": ("talk_accused", "talk_both", "talk_separate"),
    "class": ("talk_class", "talk_group"),
    "parents": ("talk_parents", "consult", "aftercare"),
    "joint": talk_guards.TOGETHER,
}
"""Which actions of a protocol a talk with somebody can be."""
PARTS = ("literal", "asked", "observed", "interpreted")
"""Words as they were said, who asked what, what was seen, and what somebody made of it."""
SIDES = ("", "subject", "accused")
AFTER = ("subject", "parents")
"""With whom a talk can be aftercare."""
WISHES = ("yes", "no", "ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A talk as it is written down."""

    kind: str
    on: date | None
    present: str
    side: str = ""
    parts: dict[str, str]
    agreed: str = ""
    return_on: date | None = None
    action: str = ""
    group: str = ""
    """Of a talk with a class or group: which."""
    about: tuple[str, ...] = ()
    """Of such a talk: keys of the persons it is about."""
    aftercare: bool = False
    """Whether it asked how it goes now that it is over."""


@dataclass(frozen=True, slots=True)
class TalksView:
    """What the page of talks shows."""

    guides: list[TalkGuide]
    talks: list[dict[str, Any]]
    hold: Hold
    wish: Wish
    actions: list[tuple[str, str]]
    """Actions of this step that are talks, as key and label, as long as they are open."""
    sheet: bool
    """Whether it was settled what may be named."""
    yes_days: int
    """How long a yes to a talk together counts."""
    group: GroupView
    """With whom and about whom a talk with a class or group can be."""


def show(
    session: Session, *, actor: StaffActor, case_id: str, folder: Path, now: datetime
) -> TalksView:
    """Give the talks of a case, what holds them back, and the guides of this school."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    stand = stands.progress_of(
        session, case, opened, protocol, steps, now, people.persons_of(session, opened)
    )
    open_tasks = {task.key for task in stand.tasks if not task.settled}
    every = {kind for kinds in KINDS.values() for kind in kinds}
    parts = protocol.parts(case.step_key)
    actions = [item for part in parts for item in part.actions if item.kind in every]
    return TalksView(
        guides=guides(folder, session.get_one(School, case.school_id).slug, protocol.key),
        talks=case_records.read(session, opened, talk_guards.TALK),
        hold=talk_guards.hold_of(session, case, opened),
        wish=talk_guards.wish_of(session, opened, protocol, local_date(now)),
        actions=[(item.key, item.label) for item in actions if item.key in open_tasks],
        sheet=bool(case_keys.facts_of(session, opened, "clearing")),
        yes_days=data.talk_guides().yes_days,
        group=groups.show(session, actor=actor, case_id=case_id, now=now),
    )


def police_first(session: Session, *, actor: StaffActor, case_id: str) -> Hold:
    """Say whether talks wait for the police."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    return talk_guards.hold_of(session, case, opened)


def guides(folder: Path, slug: str, protocol: str) -> list[TalkGuide]:
    """Give the guides of a school: ours, or its own where it has some that can be read."""
    every, own = data.talk_guides(), folder / "talk_guides" / f"{slug}.toml"
    if own.is_file():
        try:
            tables = tomllib.loads(own.read_text(encoding="utf-8"))
            theirs = [guide_from(one, ours=False) for one in tables.get("guide", ())]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            theirs = []  # a page of a case must not break on it; ours say that they are ours
        every = every.with_own(theirs)
    return every.shown(protocol)


def record(session: Session, *, actor: StaffActor, case_id: str, talk: Talk, now: datetime) -> None:
    """Write a talk down; with an action of the protocol, that is done by it.

    Where the action is to talk with both, it is done once there was a talk with each.

    Raises:
        InvalidInputError: without a day or a word, or for a talk that must not be held yet.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    on = _checked_day(talk, now)
    _check_held(session, case, opened, talk, on)
    body = {
        "with": talk.kind,
        "side": talk.side if talk.side in SIDES else "",
        "on": on.isoformat(),
        "present": case_records.checked("present", talk.present),
        **_checked_parts(talk),
        "agreed": case_records.checked("agreed", talk.agreed, may_be_empty=True),
        "return_on": talk.return_on.isoformat() if talk.return_on else "",
        "action": talk.action,
        "aftercare": talk.aftercare and talk.kind in AFTER,
        **_of_group(session, case, opened, talk, now),
    }
    action = _checked_action(session, case, talk) if talk.action else ""
    if action and _with_both(session, case, opened, talk):
        case_work.record_step(
            session,
            actor=actor,
            case_id=case_id,
            action_key=action,
            outcome="done",
            text="",
            now=now,
        )
    case_records.write(session, case, opened, talk_guards.TALK, body, actor=actor, now=now)
    if talk.return_on is not None:
        groups.come_back(session, actor=actor, case_id=case_id, on=talk.return_on, now=now)


def _with_both(session: Session, case: Case, opened: CaseKeys, talk: Talk) -> bool:
    """Whether nobody is left to talk with for it: a task of talks apart is done by two of them."""
    kinds = measure_record.action_kinds(protocols.of_case(session, case))
    if kinds[talk.action] not in talk_guards.APART_BOTH:
        return True
    said = case_keys.facts_of(session, opened, talk_guards.TALK)
    talked = {one["with"] for one in said if one["action"] == talk.action} | {talk.kind}
    return talked >= {*talk_guards.APART}


def _of_group(
    session: Session, case: Case, opened: CaseKeys, talk: Talk, now: datetime
) -> dict[str, Any]:
    """Say of a talk with a class or group which it is, and whom it is about."""
    if talk.kind != "class":
        return {}
    name = groups.checked_group(talk.group)
    about = groups.checked_about(session, case, opened, talk.about, talk.action, now)
    return {"group": name, "about": about}


def _checked_day(talk: Talk, now: datetime) -> date:
    if talk.kind not in WITH:
        raise InvalidInputError("with", "unknown")
    if talk.on is None or talk.on > local_date(now):
        raise InvalidInputError("on", "Kies de dag waarop het gesprek was.")
    if talk.kind == "class" and (talk.return_on is None or talk.return_on <= talk.on):
        raise InvalidInputError("return_on", "Kies een dag om erop terug te komen in de klas.")
    return talk.on


def _check_held(session: Session, case: Case, opened: CaseKeys, talk: Talk, on: date) -> None:
    """What was said before the hold may be written down; nothing is asked while it stands."""
    hold = talk_guards.hold_of(session, case, opened)
    if (
        hold.holds
        and talk.kind in talk_guards.HELD_WITH
        and (hold.since is None or on >= hold.since)
    ):
        raise InvalidInputError("with", talk_guards.POLICE_FIRST)
    if talk.kind == "joint":
        steps = case_keys.facts_of(session, opened, case_work.STEP)
        protocol = protocols.of_case(session, case)
        refusal = talk_guards.together_refusal(session, case, opened, protocol, steps, on)
        if refusal is not None:
            raise InvalidInputError("with", refusal)


def _checked_action(session: Session, case: Case, talk: Talk) -> str:
    parts = protocols.of_case(session, case).parts(case.step_key)
    kinds = {item.key: item.kind for part in parts for item in part.actions}
    if kinds.get(talk.action) not in KINDS[talk.kind]:
        raise InvalidInputError("action", "Deze taak hoort niet bij dit gesprek.")
    return talk.action


def _checked_parts(talk: Talk) -> dict[str, str]:
    said = {
        part: case_records.checked(part, talk.parts.get(part, ""), may_be_empty=True)
        for part in PARTS
    }
    if not any(said.values()):
        raise InvalidInputError("literal", "empty")
    return said


def decide_hold(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    do: str,
    grounds: Sequence[str],
    text: str,
    now: datetime,
) -> None:
    """Put talks on hold until the police were spoken to, or let them go on. With a reason.

    Args:
        do: ``hold``; ``contacted`` when there was contact with the police; ``not_needed``.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    stand = talk_guards.hold_of(session, case, opened)
    if do not in {"hold", "contacted", "not_needed"} or (do != "hold" and not stand.holds):
        raise InvalidInputError("do", "unknown")
    chosen = [one for one in talk_guards.GROUNDS if one in grounds]
    if do == "hold" and not chosen:
        raise InvalidInputError("grounds", "unknown")
    why = case_records.checked("police", text)
    settled = {*stand.grounds, *(g for one in stand.said for g in one["grounds"])}
    kept = chosen if do == "hold" else [one for one in talk_guards.GROUNDS if one in settled]
    body = {"do": do, "grounds": kept, "text": why}
    case_records.write(session, case, opened, talk_guards.HOLD, body, actor=actor, now=now)


def note_wish(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    wish: str,
    supporters: str,
    alternative: str,
    text: str,
    now: datetime,
) -> None:
    """Write down what the pupil it is about said to a talk together, or that somebody ended it.

    Args:
        supporters: whom that pupil chose to be there.
        alternative: what happens instead; without a yes, something must.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if wish not in WISHES:
        raise InvalidInputError("wish", "unknown")
    if wish != "yes" and not alternative.strip():
        raise InvalidInputError("alternative", "Schrijf op wat er dan wel gebeurt.")
    body = {
        "wish": wish,
        "supporters": case_records.checked("supporters", supporters, may_be_empty=True),
        "alternative": case_records.checked("alternative", alternative, may_be_empty=True),
        "text": case_records.checked("wish_text", text),
    }
    case_records.write(session, case, opened, talk_guards.JOINT, body, actor=actor, now=now)
