"""Overviews of cases with filters and pages, in a fixed number of queries; no key is opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select
from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.protocol import Protocol
from portal.models import Approval, Case, CaseReader, StaffMember
from portal.services import approvals, cases, protocols, turns
from portal.services.case_views import CaseRow
from portal.services.staff import StaffActor

MINE, WAITING, ALONG, ALL, CLOSED = "mijn", "wacht", "mee", "alle", "klaar"
LISTS = (MINE, WAITING, ALONG, ALL, CLOSED)
PAGE = 25
LATE, URGENT = "laat", "spoed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked of an overview: keys alone, never a word of what was told."""

    list: str = MINE
    status: str = ""
    step: str = ""
    role: str = ""
    school_class: str = ""
    handler: str = ""
    late: bool = False
    urgent: bool = False
    unanswered: bool = False
    """Only cases whose reporter waits for the school."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Overview:
    """One page of an overview, how much there is of each, and what can be chosen."""

    filters: Filters
    rows: list[CaseRow]
    found: int
    counts: Mapping[str, int]
    choices: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.found // PAGE))

    @property
    def page(self) -> int:
        """The page that is shown: the last one where there are fewer than asked for."""
        return min(max(1, self.filters.page), self.pages)


@dataclass(frozen=True, slots=True)
class _Facets:
    """What the cases of somebody are, each combination once with its count."""

    rows: Sequence[tuple[str, str, str, str, str, str, str]]
    """Status, version, role, step, next action, classes, handler."""
    protocols: Mapping[str, Protocol]


def show(session: Session, *, actor: StaffActor, filters: Filters, now: datetime) -> Overview:
    """Give one page of an overview of the cases that somebody may read."""
    today = local_date(now)
    covered = turns.covered_by(session, school_id=actor.school_id, staff_id=actor.id, today=today)
    own = {actor.id, *covered}
    facets = _facets(session, actor)
    waiting = _waiting_steps(facets, actor)
    counts = _counts(session, actor, own, waiting)
    chosen = [*_list(filters.list, own, waiting), *_chosen(filters, today)]
    narrowed = filters != Filters(list=filters.list, page=filters.page)
    found = _count(session, actor, chosen) if narrowed else counts[filters.list]
    view = Overview(filters, [], found, counts, _choices(session, facets))
    rows = cases.rows(
        session,
        actor,
        *chosen,
        order=_order(filters.list),
        most=PAGE,
        skip=(view.page - 1) * PAGE,
        covered=covered,
    )
    return Overview(filters, rows, found, counts, view.choices)


def _facets(session: Session, actor: StaffActor) -> _Facets:
    columns = (
        Case.status,
        Case.protocol_version,
        Case.role_key,
        Case.step_key,
        Case.next_action,
        Case.classes,
        Case.handler_id,
    )
    query = _readable(select(*columns), actor).distinct()
    rows: Any = [tuple(row) for row in session.execute(query)]
    return _Facets(rows, protocols.of_versions(session, {row[1] for row in rows}))


def _readable(query: Any, actor: StaffActor) -> Any:
    joined = query.select_from(Case).join(CaseReader, CaseReader.case_id == Case.id)
    return joined.where(*cases.readable_by(actor))


def _waiting_steps(facets: _Facets, actor: StaffActor) -> set[tuple[str, str, str]]:
    """Give the places in a protocol at which it is somebody else's turn."""
    found = set()
    for _status, version, role, step, action, _names, _handler in facets.rows:
        owner = _owner(facets.protocols[version], step, action)
        if owner and owner not in {role, *actor.role_keys}:
            found.add((version, step, action))
    return found


def _owner(protocol: Protocol, step_key: str, action_key: str) -> str:
    for part in protocol.parts(step_key):
        for action in part.actions:
            if action.key == action_key:
                return action.owner
    return ""


def _list(
    name: str, own: Collection[str], waiting: Collection[tuple[str, str, str]]
) -> list[ColumnElement[bool]]:
    mine = Case.handler_id.in_(own)
    if name == CLOSED:
        return [Case.status == cases.CLOSED]
    if name == ALONG:
        return [cases.OPEN, ~mine]
    if name == WAITING:
        answered = and_(~Case.waiting_for_staff, ~Case.check_call, Case.read_at.is_not(None))
        return [cases.OPEN, mine, answered, or_(_at(waiting), _asked_of_others(own))]
    return [cases.OPEN, mine] if name == MINE else [cases.OPEN]


def _at(places: Collection[tuple[str, str, str]]) -> ColumnElement[bool]:
    """Make the condition that a case stands at one of these places."""
    options = [
        and_(Case.protocol_version == version, Case.step_key == step, Case.next_action == action)
        for version, step, action in sorted(places)
    ]
    return or_(*options) if options else false()


def _asked_of_others(own: Collection[str]) -> ColumnElement[bool]:
    """Make the condition that somebody else was asked to approve, and did not answer."""
    return exists().where(
        Approval.school_id == Case.school_id,
        Approval.case_id == Case.id,
        Approval.state == approvals.OPEN,
        Approval.approver_id.not_in(own),
    )


def _chosen(filters: Filters, today: date) -> list[ColumnElement[bool]]:
    equal = (
        (Case.status, filters.status),
        (Case.step_key, filters.step),
        (Case.role_key, filters.role),
        (Case.handler_id, filters.handler),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in equal if value]
    if filters.school_class:
        names = literal(", ") + Case.classes + literal(",")
        found.append(names.contains(f", {filters.school_class},", autoescape=True))
    if filters.late:
        found.append(or_(Case.due_on < today, Case.answer_by < today))
    if filters.urgent:
        found.append(Case.urgent.is_(True))
    if filters.unanswered:
        found.append(or_(Case.waiting_for_staff, Case.check_call))
    return found


def _counts(
    session: Session,
    actor: StaffActor,
    own: Collection[str],
    waiting: Collection[tuple[str, str, str]],
) -> dict[str, int]:
    columns = [func.count().filter(and_(*_list(name, own, waiting))).label(name) for name in LISTS]
    row = session.execute(_readable(select(*columns), actor)).one()
    return dict(zip(LISTS, row, strict=True))


def _count(session: Session, actor: StaffActor, chosen: Sequence[ColumnElement[bool]]) -> int:
    query = _readable(select(func.count()), actor).where(*chosen)
    return int(session.scalar(query) or 0)


def _order(name: str) -> tuple[Any, ...]:
    if name in {ALL, CLOSED}:
        return (Case.changed_at.desc(), Case.opened_at.desc())
    return (Case.urgent.desc(), Case.due_on.is_(None), Case.due_on, Case.opened_at)


def _choices(session: Session, facets: _Facets) -> dict[str, list[tuple[str, str]]]:
    """Give what stands in one's own cases, so that no choice tells of another's."""
    steps, roles, classes = {}, {}, set()
    for _status, version, role, step, _action, names, _handler in facets.rows:
        protocol = facets.protocols[version]
        known = protocol.step(step)
        steps[step] = known.label if known else step
        roles[role] = protocol.label(role)
        classes |= {name for name in names.split(", ") if name}
    handlers = {row[6] for row in facets.rows}
    people = session.execute(
        select(StaffMember.id, StaffMember.name).where(StaffMember.id.in_(handlers))
    )
    return {
        "status": [(key, key) for key in sorted({row[0] for row in facets.rows})],
        "step": sorted(steps.items(), key=lambda item: item[1]),
        "role": sorted(roles.items(), key=lambda item: item[1]),
        "school_class": [(name, name) for name in sorted(classes)],
        "handler": sorted(((key, name) for key, name in people), key=lambda item: item[1]),
    }
