"""The desk and the case page: lists without a word of what was told, and one case whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.gates import needs_ground
from portal.domain.progress import Task
from portal.domain.protocol import Protocol
from portal.domain.routing import find_gate
from portal.models import Case, CaseReader, Report, StaffMember
from portal.services import (
    cards,
    case_keys,
    case_log,
    case_records,
    case_work,
    custody,
    disclosure,
    drafts,
    evidence,
    keys,
    people,
    protocols,
    records,
    reins,
    reporter,
    stands,
    traces,
    turns,
)
from portal.services.case_keys import CaseKeys
from portal.services.case_views import (
    ActionView,
    AnswerView,
    CaseRow,
    CaseView,
    Desk,
    ReaderView,
    ReportView,
    WeekDay,
)
from portal.services.errors import RecordMismatchError
from portal.services.staff import StaffActor

CLOSED = "closed"
OPEN = Case.status != CLOSED
TODAY = ("overdue", "new", "answers", "due")
LISTS = (*TODAY, "later", "elsewhere")
WEEK, BESIDE = 7, 12


def desk(session: Session, *, actor: StaffActor, now: datetime) -> Desk:
    """Give what waits for somebody today, in a fixed number of queries."""
    today = local_date(now)
    covered = turns.covered_by(session, school_id=actor.school_id, staff_id=actor.id, today=today)
    live = rows(session, actor, OPEN, covered=covered)
    closed = select(func.count()).select_from(Case).join(CaseReader, CaseReader.case_id == Case.id)
    found: dict[str, list[CaseRow]] = {name: [] for name in LISTS}
    for row in sorted(live, key=_pressing):
        found[_place(row, today)].append(row)
    urgent = [row for name in TODAY for row in found[name]]
    first = next((row for row in urgent if row.urgent), urgent[0] if urgent else None)
    return Desk(
        first=first,
        **{name: [row for row in found[name] if row is not first] for name in LISTS},
        week=_week([row for row in live if row.mine], today),
        closed=session.scalar(closed.where(*readable_by(actor), Case.status == CLOSED)) or 0,
    )


def _pressing(row: CaseRow) -> tuple[bool, date, datetime, str]:
    return not row.urgent, row.soonest or date.max, row.opened_at, row.id


def _place(row: CaseRow, today: date) -> str:
    if not row.mine:
        return "elsewhere"
    if row.late(today):
        return "overdue"
    if row.unread or row.given:
        return "new"
    if row.waiting or row.check_call:
        return "answers"
    return "due" if row.due_on == today else "later"


def _week(rows: Sequence[CaseRow], today: date) -> list[WeekDay]:
    days = [today + timedelta(days=ahead) for ahead in range(WEEK)]
    found = [WeekDay(day, [row for row in rows if row.due_on == day]) for day in days]
    return [one for one in found if one.rows]


def all_rows(session: Session, *, actor: StaffActor) -> list[CaseRow]:
    """List every case that somebody may read, the closed ones too, newest change first."""
    return rows(session, actor)


def neighbours(session: Session, *, actor: StaffActor) -> list[CaseRow]:
    """List the open cases that stand beside a case: first one's own, the soonest due on top."""
    order = (Case.handler_id != actor.id, Case.due_on.is_(None), Case.due_on, Case.opened_at)
    return rows(session, actor, OPEN, order=order, most=BESIDE)


def readable_by(actor: StaffActor) -> tuple[ColumnElement[bool], ...]:
    """Make the condition, on readers, that somebody reads a case."""
    return (
        CaseReader.school_id == actor.school_id,
        CaseReader.staff_id == actor.id,
        CaseReader.until.is_(None),
    )


def rows(
    session: Session,
    actor: StaffActor,
    *conditions: ColumnElement[bool],
    order: Sequence[Any] = (Case.changed_at.desc(),),
    most: int | None = None,
    skip: int = 0,
    covered: Collection[str] = (),
) -> list[CaseRow]:
    """Read rows in two queries, however many cases there are.

    Args:
        covered: ids of those for whom this person stands in today.
    """
    query = (
        select(Case, StaffMember.name)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .join(StaffMember, StaffMember.id == Case.handler_id)
        .where(*readable_by(actor), *conditions)
        .order_by(*order, Case.id)
        .limit(most)
        .offset(skip)
    )
    found = {case.id: (case, handler) for case, handler in session.execute(query)}
    versions = protocols.of_versions(session, {case.protocol_version for case, _ in found.values()})
    return [
        row_of(case, versions[case.protocol_version], actor, handler, covered)
        for case, handler in found.values()
    ]


def row_of(
    case: Case,
    protocol: Protocol,
    actor: StaffActor,
    handler: str,
    covered: Collection[str] = (),
) -> CaseRow:
    """Make the line of a case."""
    step = protocol.step(case.step_key)
    return CaseRow(
        id=case.id,
        label=case.label,
        classes=case.classes,
        status=case.status,
        step_label=step.label if step else case.step_key,
        action_label=case_log.label_of(protocol, case.step_key, case.next_action),
        due_on=case.due_on,
        opened_at=case.opened_at,
        urgent=case.urgent,
        unread=case.read_at is None,
        waiting=case.waiting_for_staff,
        answer_by=case.answer_by,
        check_call=case.check_call,
        mine=case.handler_id == actor.id or case.handler_id in covered,
        deputy=case.handler_id in covered,
        handler=handler,
        given=case.handed_at is not None and case.handler_id == actor.id,
    )


def note_reading(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> None:
    """Write down that somebody opened a case; the reporter sees that it is read."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    traced = traces.note(
        session, case=case, opened=opened, actor=actor.custody, what=traces.OPENED, now=now
    )
    traced += cards.refresh(session, case=case, opened=opened, now=now)
    custody.record_event(
        session,
        CustodyKind.REPORT_READ,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=[case.id, *traced],
    )
    if case.handed_at is not None and case.handler_id == actor.id:
        taken = update(Case).where(Case.id == case.id, Case.handler_id == actor.id)
        session.execute(taken.values(handed_at=None))
    if case.read_at is None and case.handler_id == actor.id:
        # Two readers may come at once: whoever is first stands, and nobody is refused.
        first = update(Case).where(Case.id == case.id, Case.read_at.is_(None))
        session.execute(first.values(read_at=records.whole_hour(now)))
        received = update(Case).where(Case.id == case.id, Case.status == "received")
        session.execute(received.values(status="read"))


def show(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> CaseView:
    """Open a whole case for somebody who holds a wrap of it.

    Raises:
        NotFoundError: for everybody else.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    known = people.read(session, opened)
    stand = stands.progress_of(
        session, case, opened, protocol, steps, now, [one.plain for one in known]
    )
    names = people.names_of(known)
    actions = [_action(protocol, task, names) for task in stand.tasks]
    following = next((item for item in actions if stand.next and item.key == stand.next.key), None)
    routing = case_keys.facts_of(session, opened, "routing")
    reports = [_report(session, actor, opened, row) for row in _reports(session, case)]
    log = case_log.read(session, case=case, opened=opened, protocol=protocol, reports=reports)
    handler = session.get_one(StaffMember, case.handler_id).name
    items = evidence.views_of(evidence.open_items(session, case, opened))
    excluded = _excluded(session, opened)
    return CaseView(
        row=row_of(case, protocol, actor, handler),
        protocol_name=protocol.name,
        role_label=protocol.label(case.role_key),
        step_key=case.step_key,
        routing=routing[-1] if routing else {},
        reports=reports,
        evidence=items,
        days=log.days,
        readers=_readers(session, case, log.opened_by),
        excluded=excluded,
        actions=actions,
        next_action=following,
        steps=[(step.key, step.label, _step_state(step.key, case)) for step in _line(protocol)],
        disclosed=disclosure.show(session, opened=opened),
        changed=bool(opened.changed),
    )


def _line(protocol: Protocol) -> list[Any]:
    return [step for step in protocol.steps if not step.key.startswith("personeel-")]


def _step_state(key: str, case: Case) -> str:
    return "now" if key == case.step_key else "later"


def _action(protocol: Protocol, task: Task, names: Mapping[str, str]) -> ActionView:
    gate = find_gate(protocol, task.key) if task.kind == "gate" else None
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
        answers=tuple(
            AnswerView(
                one.person,
                one.side,
                names.get(one.person, ""),
                one.outcome,
                one.withheld,
                one.why,
            )
            for one in task.answers
        ),
        needs_ground=gate is not None and needs_ground(protocol, gate),
    )


def _reports(session: Session, case: Case) -> list[Report]:
    query = select(Report).where(Report.case_id == case.id, Report.school_id == case.school_id)
    return sorted(session.scalars(query), key=lambda report: (report.sent_at, report.id))


def _report(session: Session, actor: StaffActor, opened: CaseKeys, report: Report) -> ReportView:
    identities = {item.row.id: item.identity for item in opened.of_report(report.id, keys.STORY)}
    kinds = ("report", "listing", drafts.ENTRY, reins.CONTROL, *reporter.TALK)
    rows = records.records_of(session, list(identities), kinds=kinds)
    bodies = records.open_sound(rows, identities, opened.changed)
    told: dict[str, Any] = next((body for row, body in bodies if row.kind == "report"), {})
    answers: dict[str, Any] = told.get("answers", {})
    held = reins.fold(bodies, report)
    choice = held.name or answers.get("name", {}).get("value", {})
    files = drafts.files_from(body for row, body in bodies if row.kind == "listing")
    return ReportView(
        id=report.id,
        sent_at=report.sent_at,
        language=report.language,
        answers=answers,
        messages=reporter.messages_from(bodies),
        identity=_identity(session, actor, report, opened.changed),
        name_choice=choice.get("who", "nobody") if isinstance(choice, dict) else "nobody",
        written_by=told.get("written_by", ""),
        entries=drafts.entries_from(
            [(row, body) for row, body in bodies if row.kind == drafts.ENTRY], files
        ),
        reins=held,
        gone=report.status == reins.WITHDRAWN and not told,
    )


def _identity(
    session: Session, actor: StaffActor, report: Report, changed: set[str]
) -> dict[str, str] | None:
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
            rows = records.records_of(session, [item.row.id], kinds=["identity"])
            found = records.open_sound(rows, {item.row.id: item.identity}, changed)
            return found[-1][1] if found else None
    return None


def _readers(session: Session, case: Case, opened_by: Mapping[str, int]) -> list[ReaderView]:
    parts = {row.staff_id: row.part for row in case_keys.readers_of(session, case, live_only=True)}
    members = session.scalars(select(StaffMember).where(StaffMember.id.in_(parts)))
    found = [
        ReaderView(one.id, one.name, parts[one.id], opened_by.get(one.id, 0)) for one in members
    ]
    return sorted(found, key=lambda view: (case_keys.PARTS.get(view.part, 9), view.name))


def _excluded(session: Session, opened: CaseKeys) -> list[ReaderView]:
    try:
        ids = case_keys.excluded_staff(session, opened)
    except RecordMismatchError as error:
        opened.changed.add(str(error))
        return []
    members = session.scalars(select(StaffMember).where(StaffMember.id.in_(ids)))
    return [ReaderView(member.id, member.name, "excluded") for member in members]
