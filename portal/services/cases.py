"""The desk and the case page: lists without a word of what was told, and one case whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import AgeError, Identity
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.progress import Task
from portal.domain.protocol import Protocol
from portal.models import Case, CaseReader, CustodyEvent, Record, Report, StaffMember
from portal.services import (
    case_keys,
    case_work,
    custody,
    evidence,
    keys,
    protocols,
    records,
    reporter,
)
from portal.services.case_keys import CaseKeys
from portal.services.case_views import (
    ActionView,
    CaseRow,
    CaseView,
    Desk,
    EntryView,
    ReaderView,
    ReportView,
)
from portal.services.staff import StaffActor

CLOSED = "closed"
PARTS = {"handler": 0, "overseer": 1, "substitute": 2, "also": 3}


def desk(session: Session, *, actor: StaffActor, now: datetime) -> Desk:
    """Give what waits for somebody today, in a fixed number of queries."""
    query = (
        select(Case, CaseReader.part)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .where(
            CaseReader.school_id == actor.school_id,
            CaseReader.staff_id == actor.id,
            CaseReader.until.is_(None),
            Case.status != CLOSED,
        )
        .order_by(Case.due_on, Case.opened_at)
    )
    today = local_date(now)
    found: dict[str, list[CaseRow]] = {
        name: [] for name in ("new", "overdue", "due", "answers", "later", "elsewhere")
    }
    for case, _part in session.execute(query):
        row = row_of(case, protocols.of_case(session, case), actor)
        found[_place(row, today)].append(row)
    return Desk(**found)


def _place(row: CaseRow, today: date) -> str:
    if not row.mine:
        return "elsewhere"
    if row.unread:
        return "new"
    if row.due_on is not None and row.due_on < today:
        return "overdue"
    if row.waiting:
        return "answers"
    return "due" if row.due_on == today else "later"


def all_rows(session: Session, *, actor: StaffActor) -> list[CaseRow]:
    """List every case that somebody may read, the closed ones too, newest change first."""
    query = (
        select(Case)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .where(
            CaseReader.school_id == actor.school_id,
            CaseReader.staff_id == actor.id,
            CaseReader.until.is_(None),
        )
        .order_by(Case.changed_at.desc(), Case.id)
    )
    cases = session.scalars(query)
    return [row_of(case, protocols.of_case(session, case), actor) for case in cases]


def row_of(case: Case, protocol: Protocol, actor: StaffActor) -> CaseRow:
    """Make the line of a case."""
    step = protocol.step(case.step_key)
    return CaseRow(
        id=case.id,
        label=case.label,
        classes=case.classes,
        status=case.status,
        step_label=step.label if step else case.step_key,
        action_label=_label_of(protocol, case),
        due_on=case.due_on,
        opened_at=case.opened_at,
        urgent=case.urgent,
        unread=case.read_at is None,
        waiting=case.waiting_for_staff,
        mine=case.handler_id == actor.id,
    )


def _label_of(protocol: Protocol, case: Case) -> str:
    for part in protocol.parts(case.step_key):
        for item in (*part.gates, *part.actions, *part.communications, *part.registrations):
            if item.key == case.next_action:
                return item.label
    return ""


def note_reading(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> None:
    """Write down that somebody opened a case; the reporter sees that it is read."""
    case, opened = case_work.open_for(session, actor=actor, case_id=case_id)
    if case.read_at is None and case.handler_id == actor.id:
        case.read_at = records.whole_hour(now)
        if case.status == "received":
            case.status = "read"
    custody.record_event(
        session,
        CustodyKind.REPORT_READ,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=[case.id],
    )


def show(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> CaseView:
    """Open a whole case for somebody who holds a wrap of it.

    Raises:
        NotFoundError: for everybody else.
    """
    case, opened = case_work.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    stand = case_work.progress_of(session, case, protocol, steps, now)
    actions = [_action(protocol, task) for task in stand.tasks]
    following = next((item for item in actions if stand.next and item.key == stand.next.key), None)
    routing = case_keys.facts_of(session, opened, "routing")
    return CaseView(
        row=row_of(case, protocol, actor),
        protocol_name=protocol.name,
        role_label=protocol.label(case.role_key),
        step_key=case.step_key,
        routing=routing[-1] if routing else {},
        reports=[_report(session, actor, opened, row) for row in _reports(session, case)],
        evidence=evidence.views_of(evidence.open_items(session, case, opened)),
        entries=_entries(session, case, opened),
        readers=_readers(session, case),
        excluded=_excluded(session, opened),
        actions=actions,
        next_action=following,
        steps=[(step.key, step.label, _step_state(step.key, case)) for step in _line(protocol)],
    )


def _line(protocol: Protocol) -> list[Any]:
    return [step for step in protocol.steps if not step.key.startswith("personeel-")]


def _step_state(key: str, case: Case) -> str:
    return "now" if key == case.step_key else "later"


def _action(protocol: Protocol, task: Task) -> ActionView:
    return ActionView(
        key=task.key,
        label=task.label,
        kind=task.kind,
        owner_label=protocol.label(task.owner),
        quote=task.quote,
        file=task.file,
        line=task.line,
        state=task.state,
        outcome=task.outcome,
        optional=task.optional,
        due_on=task.due,
        blocked_by=", ".join(task.gates),
    )


def _reports(session: Session, case: Case) -> list[Report]:
    query = select(Report).where(Report.case_id == case.id, Report.school_id == case.school_id)
    return sorted(session.scalars(query), key=lambda report: (report.sent_at, report.id))


def _report(session: Session, actor: StaffActor, opened: CaseKeys, report: Report) -> ReportView:
    identities = {item.row.id: item.identity for item in opened.of_report(report.id, keys.STORY)}
    kinds = ("report", *reporter.TALK)
    rows = records.records_of(session, list(identities), kinds=kinds)
    bodies = [(row, records.open_record(row, identities[row.compartment_id])) for row in rows]
    answers: dict[str, Any] = next(
        (body["answers"] for row, body in bodies if row.kind == "report"), {}
    )
    choice = answers.get("name", {}).get("value", {})
    return ReportView(
        id=report.id,
        sent_at=report.sent_at,
        language=report.language,
        answers=answers,
        messages=reporter.messages_from(bodies),
        identity=_identity(session, actor, report),
        name_choice=choice.get("who", "nobody") if isinstance(choice, dict) else "nobody",
    )


def _identity(session: Session, actor: StaffActor, report: Report) -> dict[str, str] | None:
    """Open the reporter's name, if this very person was given it."""
    opened = keys.open_for(
        session,
        school_id=actor.school_id,
        holder_kind=keys.STAFF,
        holder_id=actor.id,
        identity=actor.identity,
        report_id=report.id,
    )
    for item in reversed(opened):
        if item.row.kind == keys.IDENTITY:
            found = records.records_of(session, [item.row.id], kinds=["identity"])
            return records.open_record(found[-1], item.identity) if found else None
    return None


def _entries(session: Session, case: Case, opened: CaseKeys) -> list[EntryView]:
    """Give notes and steps with their text, and what the log says beside them."""
    identities = opened.by_compartment()
    ids = [item.row.id for item in opened.case]
    rows = records.records_of(session, ids, kinds=case_work.WRITTEN)
    entries = [_written(row, identities[row.compartment_id]) for row in rows]
    query = select(CustodyEvent).where(
        CustodyEvent.school_id == case.school_id, CustodyEvent.case_id == case.id
    )
    for event in session.scalars(query):
        identity = identities.get(event.compartment_id or "")
        entry = log_entry(event, identity) if identity else None
        if entry is not None:
            entries.append(entry)
    return sorted(entries, key=lambda entry: entry.at)


def _written(row: Record, identity: Identity) -> EntryView:
    body = records.open_record(row, identity)
    detail = {key: value for key, value in body.items() if key not in {"at", "who", "text"}}
    return EntryView(
        datetime.fromisoformat(body["at"]), row.kind, body["who"], body.get("text", ""), detail
    )


def log_entry(event: CustodyEvent, identity: Identity) -> EntryView | None:
    """Read one event of the log; None when it is sealed to another key."""
    try:
        sealed = custody.open_event(event, identity)["sealed"]
    except AgeError:
        return None
    moment = datetime.fromisoformat(str(sealed["at"]))
    return EntryView(moment, event.kind, str(sealed.get("name", "")), "", sealed)


def _readers(session: Session, case: Case) -> list[ReaderView]:
    found = [
        ReaderView(row.staff_id, session.get_one(StaffMember, row.staff_id).name, row.part)
        for row in case_keys.readers_of(session, case, live_only=True)
    ]
    latest = {view.staff_id: view for view in found}
    return sorted(latest.values(), key=lambda view: (PARTS.get(view.part, 9), view.name))


def _excluded(session: Session, opened: CaseKeys) -> list[ReaderView]:
    ids = case_keys.excluded_staff(session, opened)
    members = session.scalars(select(StaffMember).where(StaffMember.id.in_(ids)))
    return [ReaderView(member.id, member.name, "excluded") for member in members]
