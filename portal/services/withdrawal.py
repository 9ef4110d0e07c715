"""Taking a report back: destroyed when nobody opened it, put away when somebody did.

Which of the two it is, is said before choosing, and checked again when it is chosen: an opening
in between turns it into a fresh choice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.models import (
    Case,
    Compartment,
    CustodyEvent,
    LiveSession,
    OutboxMail,
    Report,
)
from portal.services import case_work, custody, destruction, keys, reins, reporter
from portal.services.custody import SqlLog
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.reins import WITHDRAWN
from portal.services.sessions import SealedSession
from portal.services.staff import StaffActor

UNOPENED, OPENED = "unopened", "opened"
OPENING = (
    str(CustodyKind.REPORT_READ),
    str(CustodyKind.EVIDENCE_OPENED),
    str(CustodyKind.EVIDENCE_PREVIEWED),
    str(CustodyKind.RECOVERY_USED),
)
"""The kinds of event by which somebody at school has seen something of a case."""


def state(session: Session, *, live: SealedSession) -> str:
    """Say what withdrawing would be now: ``unopened`` (destroyed) or ``opened`` (put away)."""
    report = reins.report_of(session, live)
    return _state(session, session.get_one(Case, report.case_id))


def _state(session: Session, case: Case) -> str:
    seen = select(CustodyEvent.id).where(
        CustodyEvent.school_id == case.school_id,
        CustodyEvent.case_id == case.id,
        CustodyEvent.kind.in_(OPENING),
    )
    opened = case.read_at is not None or session.scalar(seen.limit(1)) is not None
    # A case that staff began, or that holds another report, is not this reporter's to destroy.
    others = select(Report.id).where(Report.case_id == case.id).offset(1).limit(1)
    shared = case.origin != "report" or session.scalar(others) is not None
    return OPENED if opened or shared else UNOPENED


def withdraw(
    session: Session,
    *,
    live: SealedSession,
    seen: str,
    store: EvidenceStore,
    days: int,
    now: datetime,
) -> str:
    """Take a report back. Returns which of the two was done.

    Args:
        seen: what the page said it would be.

    Raises:
        InvalidInputError: when it would be the other by now; nothing was done.
    """
    report = reins.report_of(session, live)
    if reins.of_session(session, live=live).withdrawn:
        return OPENED
    case = session.get(Case, report.case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFoundError("report")
    # Whoever opens a case writes that into the log before the first byte goes out. Holding the
    # log until the end lets no opening come between this look and the destruction.
    SqlLog(session, case.school_id).head()
    session.refresh(case)
    found = _state(session, case)
    if seen != found:
        raise InvalidInputError("state", found)
    if found == OPENED:
        _put_away(session, report, live, days, now)
    else:
        _destroy(session, report, case, store, now)
    return found


def _put_away(
    session: Session, report: Report, live: SealedSession, days: int, now: datetime
) -> None:
    report.status = WITHDRAWN
    report.kept_until = local_date(now) + timedelta(days=days)
    reins.decide(
        session,
        live=live,
        what=reins.WITHDRAW,
        kind=CustodyKind.REPORT_WITHDRAWN,
        body={},
        now=now,
    )


def _destroy(
    session: Session,
    report: Report,
    case: Case,
    store: EvidenceStore,
    now: datetime,
) -> None:
    """Destroy report and case: nobody at school knows what was in them."""
    _note(session, report, CustodyKind.REPORT_WITHDRAWN, custody.REPORTER, now)
    destruction.destroy_contents(session, report.id, store)
    report.status, report.kept_until = WITHDRAWN, None
    own = list(session.scalars(select(Compartment.id).where(Compartment.case_id == case.id)))
    destruction.forget_sealed(session, own)
    # Its readers, notes and alarms too: nobody is to be called about what is not there any more.
    destruction.delete_below(session, Case, [case.id], keep=[Report])
    session.execute(
        delete(OutboxMail).where(
            OutboxMail.school_id == case.school_id,
            OutboxMail.dedupe_key.startswith(f"new:{case.id}:"),
            OutboxMail.sent_at.is_(None),
        )
    )
    session.execute(delete(LiveSession).where(LiveSession.report_id == report.id))
    case.status, case.next_action, case.due_on, case.classes = "closed", "", None, ""
    case.urgent = case.waiting_for_staff = False


def hold(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    report_id: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep a withdrawn report longer than its date, for safety or legal duty; the reason stays.

    Raises:
        InvalidInputError: without a reason, or when there is nothing to hold.
    """
    case_work.write_note(session, actor=actor, case_id=case_id, text=reason, now=now)
    report = session.get(Report, report_id)
    if report is None or report.case_id != case_id or report.kept_until is None:
        raise InvalidInputError("reason", "unknown")
    report.kept_until = None
    _note(session, report, CustodyKind.REPORT_HELD, actor.custody, now)


def sweep(session: Session, *, store: EvidenceStore, now: datetime) -> int:
    """Destroy the withdrawn reports whose date is over. Returns how many."""
    over = select(Report.id).where(Report.status == WITHDRAWN, Report.kept_until < local_date(now))
    swept = 0
    for report_id in session.scalars(over).all():
        report = session.get(Report, report_id, with_for_update=True, populate_existing=True)
        if report is None or report.kept_until is None or report.kept_until >= local_date(now):
            continue  # somebody just held it
        _note(session, report, CustodyKind.REPORT_WIPED, custody.SYSTEM, now)
        destruction.destroy_contents(session, report.id, store)
        session.execute(delete(LiveSession).where(LiveSession.report_id == report.id))
        if report.case_id is not None:
            reporter.wait_for_staff(session, report.case_id, now)
        report.kept_until = None
        swept += 1
    return swept


def _note(
    session: Session, report: Report, kind: CustodyKind, actor: custody.Actor, now: datetime
) -> None:
    rows = keys.compartments_of_report(session, report.school_id, report.id)
    custody.record_event(
        session,
        kind,
        school_id=report.school_id,
        actor=actor,
        now=now,
        compartment=keys.newest(rows, keys.STORY),
        case_id=report.case_id,
        report_id=report.id,
        about=[report.id],
    )
