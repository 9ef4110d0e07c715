"""What a reporter may see of who handled the report: openings, hand-overs, exports, new states.

Each is a record in the story of every report of the case, named by the event it goes with. What
staff withhold lies in the case's own compartment instead, which no reporter's code opens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.models import Case, CaseReader, Record, School, StaffMember, new_id
from portal.services import case_keys, keys, protocols, records, roster
from portal.services.case_keys import CaseKeys
from portal.services.custody import Actor
from portal.services.keys import OpenCompartment

TRACE, SHOWN, DISCLOSURE = "trace", "readers", "disclosure"
OPENED, HANDED_OVER, READER_ADDED, EXPORTED, STATUS, LEFT = (
    "opened",
    "handed_over",
    "reader_added",
    "exported",
    "status",
    "left",
)
TELLING = frozenset({OPENED, HANDED_OVER, READER_ADDED, EXPORTED})
"""What tells who has it; only this can be withheld."""
MOVED = frozenset({HANDED_OVER, READER_ADDED, EXPORTED, LEFT})
"""What is told in the conversation itself."""
ABOUT_READERS = frozenset({HANDED_OVER, READER_ADDED})


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of who handled the report."""

    id: str
    what: str
    at: datetime
    who: str = ""
    role: str = ""
    staff: str = ""
    to: str = ""
    to_role: str = ""
    to_staff: str = ""
    status: str = ""
    leaves: bool = False
    """Whether `who` of a hand-over does not read it any more."""
    seq: int = 0

    @property
    def day(self) -> date:
        """The school's day."""
        return local_date(self.at)


def note(
    session: Session,
    *,
    case: Case,
    opened: CaseKeys,
    actor: Actor,
    what: str,
    now: datetime,
    to: StaffMember | None = None,
    status: str = "",
    leaves: bool = False,
) -> list[str]:
    """Write down what the reporters may see. Returns the hashes for the log to name."""
    body: dict[str, Any] = {
        "trace": new_id(),
        "what": what,
        "who": actor.name,
        "staff": actor.id,
        "role": role_label(session, case, actor.id),
        "status": status,
        "leaves": leaves,
        "at": now.isoformat(timespec="seconds"),
    }
    if to is not None:
        label = role_label(session, case, to.id)
        body |= {"to": to.name, "to_staff": to.id, "to_role": label}
    if what in TELLING and withheld_from_now_on(session, opened):
        places = [opened.current]
        body["reports"] = sorted(opened.reports)
    else:
        places = stories_of(opened)
    rows = [records.add_record(session, place, body, kind=TRACE, now=now) for place in places]
    return [row.ciphertext_sha256 for row in rows]


def note_handing(
    session: Session,
    case: Case,
    opened: CaseKeys,
    former: StaffMember,
    member: StaffMember,
    *,
    leaves: bool,
    now: datetime,
) -> list[str]:
    """Write down that one person handed it to another. Returns the hashes for the log to name."""
    return note(
        session,
        case=case,
        opened=opened,
        actor=Actor("staff", former.id, former.name),
        what=HANDED_OVER,
        to=member,
        leaves=leaves,
        now=now,
    )


def withheld_from_now_on(session: Session, opened: CaseKeys) -> bool:
    """Whether staff withhold what comes, as the last word in the case says."""
    said = case_keys.facts_of(session, opened, DISCLOSURE)
    last_lift = max((place for place, one in enumerate(said) if one["do"] == "lift"), default=-1)
    return any(one["onward"] for one in said[last_lift + 1 :])


def stories_of(opened: CaseKeys) -> list[OpenCompartment]:
    """Give the story that is written to now, of every report of a case."""
    found = [opened.of_report(report_id, keys.STORY) for report_id in sorted(opened.reports)]
    return [stories[-1] for stories in found if stories]


def role_label(session: Session, case: Case, staff_id: str) -> str:
    """Say in the school's words as what somebody reads a case."""
    protocol, _ = protocols.current(session.get_one(School, case.school_id).protocol_key)
    if staff_id == case.handler_id:
        return protocol.label(case.role_key)
    one = roster.roster_of(session, case.school_id).member(staff_id)
    return protocol.label(one.roles[0].role) if one is not None and one.roles else ""


def trace_from(body: dict[str, Any], seq: int) -> Trace:
    """Read one record, which has a number in its report."""
    words = ("what", "who", "role", "staff", "to", "to_role", "to_staff", "status")
    given = {name: str(body.get(name, "")) for name in words}
    moment = datetime.fromisoformat(body["at"])
    return Trace(
        id=str(body["trace"]), at=moment, leaves=bool(body.get("leaves")), seq=seq, **given
    )


def traces_from(bodies: Iterable[tuple[Record, dict[str, Any]]]) -> list[Trace]:
    """Make the lines from opened records, oldest first."""
    found = {
        body["trace"]: trace_from(body, row.seq) for row, body in bodies if row.kind == TRACE
    }  # a report of two epochs may hold one line twice
    return sorted(found.values(), key=lambda trace: (trace.at, trace.seq))


def with_leavers(session: Session, case: Case, traces: list[Trace], *, frozen: bool) -> list[Trace]:
    """Add who stopped reading without a hand-over: an account that ended."""
    told = {trace.staff for trace in traces if trace.leaves}
    ended = select(CaseReader, StaffMember.name).join(
        StaffMember, StaffMember.id == CaseReader.staff_id
    )
    ended = ended.where(CaseReader.case_id == case.id, CaseReader.until.is_not(None))
    left = [
        Trace(id=row.id, what=LEFT, at=row.until, who=name, staff=row.staff_id)
        for row, name in session.execute(ended)
        if row.until is not None and row.staff_id not in told and not frozen
    ]
    return sorted([*traces, *left], key=lambda trace: (trace.at, trace.seq))
