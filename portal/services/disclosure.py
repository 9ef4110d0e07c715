"""Withholding from a reporter who has the report, with a reason; and showing it again.

What is withheld goes from the stories into the case's own compartment, and what comes meanwhile
is written there only. The reporter's page looks as if it never happened, until it is lifted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Record
from portal.services import case_keys, case_records, keys, records, traces
from portal.services.case_keys import CaseKeys
from portal.services.case_views import Disclosed, Withholding
from portal.services.errors import InvalidInputError
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor
from portal.services.traces import (
    ABOUT_READERS,
    DISCLOSURE,
    OPENED,
    SHOWN,
    TELLING,
    TRACE,
    Trace,
)

GROUNDS = ("home", "staff", "police")
WITHHOLD, LIFT = "withhold", "lift"
Opened = list[tuple[Record, dict[str, Any]]]


def show(session: Session, *, opened: CaseKeys) -> Disclosed:
    """Give what is shown and what is withheld, for the page of the case."""
    shown = traces.traces_from(_bodies(session, opened, _stories(opened), TRACE))
    withheld = traces.traces_from(_bodies(session, opened, opened.case, TRACE))
    said = case_keys.facts_of(session, opened, DISCLOSURE)
    last_lift = max((place for place, one in enumerate(said) if one["do"] == LIFT), default=-1)
    return Disclosed(
        shown=_once([trace for trace in shown if trace.what in TELLING]),
        withheld=_once(withheld),
        reasons=[_reason(one) for one in said[last_lift + 1 :]],
    )


def _once(lines: Sequence[Trace]) -> list[Trace]:
    """Give what somebody did several times a day as one line, as the reporter sees it."""
    return list({_sight(trace): trace for trace in lines}.values())


def _sight(trace: Trace) -> tuple[str, ...]:
    repeats = trace.what == OPENED
    return (trace.what, trace.staff, str(trace.day) if repeats else trace.id)


def _reason(body: dict[str, Any]) -> Withholding:
    moment = datetime.fromisoformat(body["at"])
    return Withholding(body["who"], moment, body["ground"], body["text"], body["onward"])


def withhold(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    lines: Collection[str],
    onward: bool,
    ground: str,
    text: str,
    now: datetime,
) -> None:
    """Take lines away from the reporters' page, and with ``onward`` all that follows.

    Who withholds that somebody reads it, withholds what follows too: the next line would tell.

    Raises:
        InvalidInputError: without a reason, or without anything to withhold.
    """
    if ground not in GROUNDS:
        raise InvalidInputError("ground", "unknown")
    why = case_records.checked("withhold", text)
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    every = traces.traces_from(_bodies(session, opened, _stories(opened), TRACE))
    sights = {_sight(trace) for trace in every if trace.id in lines and trace.what in TELLING}
    chosen = [trace for trace in every if _sight(trace) in sights]
    onward = onward or any(trace.what in ABOUT_READERS for trace in chosen)
    if not chosen and not onward:
        raise InvalidInputError("withhold", "empty")
    hashes = _freeze(session, case, opened, chosen, now) if onward else []
    hashes += _take_away(session, opened, {trace.id for trace in chosen}, now)
    body = {"do": WITHHOLD, "onward": onward, "ground": ground, "text": why}
    _say(session, actor, case, opened, body, hashes, now)


def lift(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> None:
    """Show everything that was withheld, each line with the day on which it happened.

    Raises:
        InvalidInputError: when nothing is withheld.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if not show(session, opened=opened).reasons:
        raise InvalidInputError("withhold", "empty")
    hashes = []
    for row, body in _bodies(session, opened, opened.case, TRACE):
        told = {name: value for name, value in body.items() if name != "reports"}
        for report_id in body["reports"]:
            for story in opened.of_report(report_id, keys.STORY)[-1:]:
                added = records.add_record(session, story, told, kind=TRACE, now=now)
                hashes.append(added.ciphertext_sha256)
        session.delete(row)
    _unfreeze(session, opened)
    _say(session, actor, case, opened, {"do": LIFT, "onward": False}, hashes, now)


def _take_away(
    session: Session, opened: CaseKeys, chosen: Collection[str], now: datetime
) -> list[str]:
    found: dict[str, dict[str, Any]] = {}
    for row, body in _bodies(session, opened, _stories(opened), TRACE):
        if body["trace"] in chosen:
            kept = found.setdefault(body["trace"], {**body, "reports": []})
            kept["reports"] = sorted({*kept["reports"], row.report_id})
            session.delete(row)
    rows = [
        records.add_record(session, opened.current, body, kind=TRACE, now=now)
        for body in found.values()
    ]
    return [row.ciphertext_sha256 for row in rows]


def _freeze(
    session: Session, case: Case, opened: CaseKeys, chosen: Sequence[Trace], now: datetime
) -> list[str]:
    """Let the reporters go on seeing the readers of now, as if the chosen lines had not been."""
    names = _shown_readers(session, case, opened)
    for trace in chosen:
        if trace.what in ABOUT_READERS:
            names = [one for one in names if one != trace.to_staff]
        if trace.leaves and trace.staff not in names:
            names.append(trace.staff)
    _unfreeze(session, opened)
    rows = [
        records.add_record(session, story, {"staff": names}, kind=SHOWN, now=now)
        for story in traces.stories_of(opened)
    ]
    return [row.ciphertext_sha256 for row in rows]


def _shown_readers(session: Session, case: Case, opened: CaseKeys) -> list[str]:
    """Give whom the reporters see as readers now."""
    frozen = [body for _row, body in _bodies(session, opened, _stories(opened), SHOWN)]
    if frozen:
        return [str(one) for one in frozen[-1]["staff"]]
    live = case_keys.readers_of(session, case, live_only=True)
    ordered = sorted(live, key=lambda row: (case_keys.PARTS[row.part], row.staff_id))
    return [row.staff_id for row in ordered]


def _unfreeze(session: Session, opened: CaseKeys) -> None:
    gone = delete(Record).where(Record.report_id.in_(opened.reports), Record.kind == SHOWN)
    session.execute(gone)


def _stories(opened: CaseKeys) -> list[OpenCompartment]:
    return [item for one in opened.reports for item in opened.of_report(one, keys.STORY)]


def _bodies(
    session: Session, opened: CaseKeys, places: Sequence[OpenCompartment], kind: str
) -> Opened:
    identities = {item.row.id: item.identity for item in places}
    rows = records.records_of(session, list(identities), kinds=[kind])
    return records.open_sound(rows, identities, opened.changed)


def _say(
    session: Session,
    actor: StaffActor,
    case: Case,
    opened: CaseKeys,
    body: dict[str, Any],
    hashes: Sequence[str],
    now: datetime,
) -> None:
    """Write down who did it and why, in the case alone."""
    kind = CustodyKind.DISCLOSURE_LIFTED if body["do"] == LIFT else CustodyKind.DISCLOSURE_WITHHELD
    told = ("do", "ground", "onward")
    case_records.write(
        session, case, opened, DISCLOSURE, body, actor, now, kind, [case.id, *hashes], told=told
    )
