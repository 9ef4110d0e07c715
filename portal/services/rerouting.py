"""Facts that come in later: what is known of a case, where it should go, and going there.

Nothing moves by itself: the handler sees the proposal with its sentence and accepts it, or writes
down why the case stays where it is. Both are records of the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.facts import Facts, FactsError, facts_from
from portal.domain.rerouting import Proposal, propose
from portal.models import Case
from portal.services import (
    case_keys,
    case_records,
    case_work,
    known_facts,
    out_of_line,
    protocols,
    roster,
    summaries,
)
from portal.services.errors import InvalidInputError
from portal.services.staff import StaffActor

ASKED = ("class_relation", "cyber", "group", "structural", "ongoing", "report_count", "accused")
"""What staff may learn; who reports is not for them to change."""


def known(session: Session, *, actor: StaffActor, case_id: str) -> Facts:
    """Give what is known about a case now."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    return known_facts.of_case(session, opened)


def proposal(
    session: Session, *, actor: StaffActor, case_id: str, learned: Mapping[str, Any]
) -> Proposal | None:
    """Say where a case should go with what is learned; nothing is written.

    Raises:
        InvalidInputError: for facts that cannot be.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    before = known_facts.of_case(session, opened)
    return _propose(session, case, before, _with(before, learned))


def takers(
    session: Session, *, actor: StaffActor, case_id: str, role: str
) -> list[tuple[str, str]]:
    """List who holds a role and may be given the case: id and name."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    shut_out = {case.handler_id} | case_keys.excluded_staff(session, opened)
    return [
        (member.id, member.name)
        for member in roster.roster_of(session, case.school_id).members
        if member.usable and member.id not in shut_out
        if role in {held.role for held in member.roles}
    ]


def settle(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    learned: Mapping[str, Any],
    accept: bool,
    reason: str,
    now: datetime,
    to_staff_id: str = "",
) -> None:
    """Write down what is known now, and go where that leads, or say why not.

    Args:
        to_staff_id: who has the case from now on, where the proposal names another role.

    Raises:
        InvalidInputError: without a reason, or without a person for another role.
    """
    why = case_records.checked("reason", reason)
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    before = known_facts.of_case(session, opened)
    after = _with(before, learned)
    found = _propose(session, case, before, after)
    goes = accept and found is not None
    if goes and found is not None and found.new_role and not to_staff_id:
        raise InvalidInputError("staff", "unknown")
    case_work.move_to_step(
        session,
        actor=actor,
        case_id=case_id,
        step_key=found.step if goes and found is not None else case.step_key,
        reason=why,
        now=now,
        more={"facts": _plain(after), **_because(found, accepted=goes)},
    )
    if goes and found is not None and found.new_role:
        _hand_on(session, actor, case_id, found, to_staff_id, why, now)


def _hand_on(
    session: Session,
    actor: StaffActor,
    case_id: str,
    found: Proposal,
    to_staff_id: str,
    reason: str,
    now: datetime,
) -> None:
    if found.about_staff:
        out_of_line.hand_up(
            session,
            actor=actor,
            case_id=case_id,
            found=found,
            to_staff_id=to_staff_id,
            reason=reason,
            now=now,
        )
        return
    summaries.hand_over(
        session,
        actor=actor,
        case_id=case_id,
        to_staff_id=to_staff_id,
        role_key=found.role,
        reason=reason,
        now=now,
    )


def _propose(session: Session, case: Case, before: Facts, after: Facts) -> Proposal | None:
    protocol = protocols.of_case(session, case)
    return propose(protocol, before, after, at_role=case.role_key, at_step=case.step_key)


def _with(before: Facts, learned: Mapping[str, Any]) -> Facts:
    unknown = set(learned) - {*ASKED, "accused_roles"}
    if unknown:
        raise InvalidInputError("facts", "unknown")
    try:
        return facts_from({**_plain(before), **learned})
    except FactsError as error:
        raise InvalidInputError("facts", "unknown") from error


def _plain(facts: Facts) -> dict[str, Any]:
    """Facts as they are kept: what is not known is left out."""
    kept = {key: value for key, value in asdict(facts).items() if value not in (None, ())}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in kept.items()}


def _because(found: Proposal | None, *, accepted: bool) -> dict[str, Any]:
    if found is None:
        return {}
    rule = found.rule
    return {
        "rule": rule.rule,
        "quote": rule.quote,
        "file": rule.file,
        "line": rule.line,
        "proposed": {"role": found.role, "step": found.step, "also": list(found.also)},
        "accepted": accepted,
        **({"again": True} if accepted and found.again else {}),
    }
