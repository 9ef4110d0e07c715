"""Check weeks: one question a week to each reporter, and who hears of a bad answer or of silence.

Opening rounds and counting silences needs no key: days stand in clear, answers are sealed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain import check_weeks
from portal.domain.check_weeks import ANSWERS, CALLING, SILENCES
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.models import Case, CheckRound, Report, ReporterCode, School, new_id
from portal.services import notify, protocols, reporter
from portal.services.calendars import calendar_of
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.reports import SENT
from portal.services.sessions import SealedSession

CHECKING = "checking"


@dataclass(frozen=True, slots=True)
class Question:
    """The question of this week."""

    id: str
    week: int
    weeks: int


def open_due(session: Session, *, now: datetime) -> int:
    """Open the round of this week for every case in its check phase. Returns how many."""
    today, made = local_date(now), 0
    query = select(Case, School).join(School, School.id == Case.school_id)
    for case, school in session.execute(query.where(Case.status == CHECKING)).all():
        week = _week_of(session, case, school, today)
        if week is None:
            continue
        for report_id in _without(session, case, week):
            session.add(
                CheckRound(
                    id=new_id(),
                    school_id=case.school_id,
                    case_id=case.id,
                    report_id=report_id,
                    week=week.number,
                    opens_on=week.opens_on,
                    closes_on=week.closes_on,
                )
            )
            made += 1
    session.flush()
    return made


def _week_of(session: Session, case: Case, school: School, today: date) -> check_weeks.Week | None:
    """Give the round that is open today; one that nobody could see is not asked afterwards."""
    if case.checking_since is None:
        return None
    count = _count(session, case)
    every = check_weeks.weeks(case.checking_since, calendar_of(school), count)
    return next((one for one in every if one.opens_on <= today < one.closes_on), None)


def _count(session: Session, case: Case) -> int:
    return check_weeks.weeks_of(protocols.of_case(session, case), case.step_key)


def _without(session: Session, case: Case, week: check_weeks.Week) -> Sequence[str]:
    """List the reports whose reporters can come back, and were not asked this week."""
    asked = select(CheckRound.report_id).where(
        CheckRound.case_id == case.id, CheckRound.opens_on == week.opens_on
    )
    coming = select(ReporterCode.report_id).where(
        ReporterCode.school_id == case.school_id, ReporterCode.retired_at.is_(None)
    )
    query = select(Report.id).where(
        Report.case_id == case.id,
        Report.status == SENT,
        Report.id.in_(coming),
        Report.id.not_in(asked),
    )
    return session.scalars(query.order_by(Report.id)).all()


def count_silences(session: Session, *, now: datetime) -> int:
    """Note which rounds ended without an answer; the second in a row calls for the handler.

    Returns how many calls that made.
    """
    today, calls = local_date(now), 0
    query = (
        select(CheckRound, Case)
        .join(Case, Case.id == CheckRound.case_id)
        .where(
            Case.status == CHECKING,
            CheckRound.opens_on > Case.checking_since,
            CheckRound.closes_on <= today,
            CheckRound.answered_on.is_(None),
            CheckRound.silent.is_(False),
        )
        .order_by(CheckRound.opens_on)
    )
    for row, case in session.execute(query).all():
        row.silent = True
        session.flush()
        if _silent_in_a_row(session, case, row) % SILENCES == 0:
            _call(session, case, f"check:{row.id}", now)
            calls += 1
    return calls


def _silent_in_a_row(session: Session, case: Case, row: CheckRound) -> int:
    query = (
        select(CheckRound.silent)
        .where(
            CheckRound.report_id == row.report_id,
            CheckRound.opens_on > case.checking_since,
            CheckRound.opens_on <= row.opens_on,
        )
        .order_by(CheckRound.opens_on.desc())
    )
    count = 0
    for silent in session.scalars(query):
        if not silent:
            break
        count += 1
    return count


def _call(session: Session, case: Case, key: str, now: datetime) -> None:
    """Put the case on its handler's desk for today."""
    session.execute(update(Case).where(Case.id == case.id).values(check_call=True))
    for staff_id in reporter.who_answers(session, case, local_date(now)):
        notify.queue(
            session,
            school_id=case.school_id,
            staff_id=staff_id,
            template="due",
            dedupe_key=f"{key}:{staff_id}",
            now=now,
        )


def question_for(session: Session, *, live: SealedSession, now: datetime) -> Question | None:
    """Give the question that waits for this reporter, if one does."""
    report = reporter.own_report(session, live)
    case = session.get_one(Case, report.case_id)
    row = _waiting(session, report, local_date(now))
    if row is None or case.status != CHECKING or report.status != SENT:
        return None
    return Question(row.id, row.week, _count(session, case))


def _waiting(session: Session, report: Report, today: date) -> CheckRound | None:
    query = select(CheckRound).where(
        CheckRound.report_id == report.id,
        CheckRound.opens_on <= today,
        CheckRound.closes_on > today,
        CheckRound.answered_on.is_(None),
    )
    return session.scalars(query).first()


def answer(
    session: Session,
    *,
    live: SealedSession,
    round_id: str,
    chosen: str,
    text: str,
    now: datetime,
    dangers: Collection[str] = (),
) -> None:
    """Answer the question of this week.

    Raises:
        InvalidInputError: for an answer that there is not.
        NotFoundError: when it was answered, or is over.
    """
    if chosen not in ANSWERS:
        raise InvalidInputError("choice", "unknown")
    today = local_date(now)
    report = reporter.own_report(session, live)
    row = _waiting(session, report, today)
    if row is None or row.id != round_id:
        raise NotFoundError(round_id)
    row.answered_on = today
    body = {"choice": chosen, "week": row.week, "text": reporter.checked_text(text)}
    case = reporter.say(
        session,
        live=live,
        kind=reporter.CHECK,
        body=body,
        now=now,
        dangers=dangers,
        event=CustodyKind.CHECK_ANSWERED,
        waits=chosen in CALLING or bool(body["text"]),
    )
    if chosen in CALLING:
        _call(session, case, f"check:{row.id}", now)
