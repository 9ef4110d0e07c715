"""The reporter comes back: enters the code, reads, answers, adds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.intake import is_urgent
from portal.domain.questionnaire import FORMAL
from portal.models import Case, Record, Report, School, StaffMember, new_id
from portal.services import (
    acute,
    case_keys,
    codes,
    custody,
    diary,
    drafts,
    keys,
    notices,
    notify,
    protocols,
    records,
    roster,
    sessions,
    turns,
)
from portal.services.calendars import calendar_of
from portal.services.drafts import Entry, ListedFile
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.instance_keys import InstanceKeys
from portal.services.routing import ALSO, HANDLER, OVERSEER, SUBSTITUTE, ReaderName
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession
from portal.services.traces import MOVED, OPENED, SHOWN, TRACE, Trace, traces_from, with_leavers
from portal.services.trail import shown_status, trail_of

MESSAGE_LIMIT = 50_000
FROM_REPORTER, FROM_STAFF, NOTICE = "message:reporter", "message:staff", "notice"
QUESTION, ANSWER, CHECK = "message:question", "message:answer", "message:check"
TALK = (FROM_REPORTER, FROM_STAFF, NOTICE, QUESTION, ANSWER, CHECK)
REPORTERS_OWN = frozenset({FROM_REPORTER, ANSWER, CHECK})
PARTS = (HANDLER, OVERSEER, SUBSTITUTE, ALSO)


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message of the conversation, or a notice of the portal to the reporter.

    `options` are the ready answers of a question; `question` is what an answer answers; `choice`
    the words that were tapped, or the key of a check week's answer; `week` that week.
    """

    id: str
    kind: str
    who: str
    text: str
    at: datetime
    options: tuple[str, ...] = ()
    question: str = ""
    choice: str = ""
    week: int = 0
    seq: int = 0

    @property
    def from_staff(self) -> bool:
        """Whether the school wrote it."""
        return self.kind not in REPORTERS_OWN


@dataclass(frozen=True, slots=True)
class ReporterView:
    """All that a reporter who came back may see."""

    status: str
    trail: list[tuple[str, date | None]]
    answers: dict[str, Any]
    messages: list[MessageView]
    files: list[ListedFile]
    readers: list[ReaderName]
    sent_at: datetime | None
    traces: list[Trace] = field(default_factory=list)
    answer_by: date | None = None
    """The day by which the school promised to answer; None when nobody waits."""
    gets_mail: bool = False
    newer: bool = False
    """Whether something may be written under a key made since the code was given."""
    changed: bool = False
    """Whether something was changed in the database by somebody without a key; it is left out."""
    entries: list[Entry] = field(default_factory=list)
    """What was written in a diary before it was sent."""

    @property
    def perspective(self) -> str:
        """Who told it."""
        return str(self.answers.get("perspective", {}).get("value", "unsure"))

    @property
    def formal(self) -> bool:
        """Whether the pages say u."""
        return self.perspective in FORMAL

    def answers_to(self, question_id: str) -> list[MessageView]:
        """Give what the reporter answered to a question, the newest last: that one stands."""
        return [one for one in self.messages if one.question == question_id]

    @property
    def stream(self) -> list[MessageView | Trace]:
        """Give what was said and what changed in order; answers stand under their questions."""
        said = [one for one in self.messages if one.kind != ANSWER]
        moved = [one for one in self.traces if one.what in MOVED]
        return sorted([*said, *moved], key=lambda one: (one.at, one.seq))

    @property
    def told(self) -> list[Trace]:
        """Give who had it, each person once a day, the newest first."""
        lines = [one for one in self.traces if one.what in MOVED or one.what == OPENED]
        once = {(one.what, one.staff, one.day, one.to_staff): one for one in lines}
        return sorted(once.values(), key=lambda one: (one.at, one.seq), reverse=True)

    def role_of(self, name: str) -> str:
        """Give as what somebody reads it, to stand beside the name; empty for who does not."""
        return next((one.role_label for one in self.readers if one.name == name), "")

    def days_read(self, staff_id: str) -> list[date]:
        """Give the days on which somebody opened it."""
        read = {one.day for one in self.traces if one.what == OPENED and one.staff == staff_id}
        return sorted(read)

    @property
    def open_questions(self) -> list[MessageView]:
        """Give the questions without an answer."""
        asked = [one for one in self.messages if one.kind == QUESTION]
        return [one for one in asked if not self.answers_to(one.id)]


def enter(
    session: Session, *, school: SchoolView, code: str, instance: InstanceKeys
) -> tuple[str, dict[str, Any]]:
    """Open a report with its code. Returns its id and what the session must hold.

    Raises:
        InvalidInputError: for something that cannot be a code.
        NotFoundError: for a code that opens nothing; it costs as much as one that does.
    """
    row, identity = codes.find(
        session, school_id=school.id, code=codes.normalise(code), keys=instance
    )
    opened = keys.open_for(
        session,
        school_id=school.id,
        holder_kind=keys.CODE,
        holder_id=row.id,
        identity=identity,
        report_id=row.report_id,
    )
    secrets = {item.row.id: str(item.identity) for item in opened}
    codes.hold(session, row)
    report = session.get_one(Report, row.report_id)
    kept = {"report": row.report_id, "keys": secrets, "language": report.language}
    if report.status == drafts.DIARY:
        kept |= diary.DATA | {"token": new_id()}
    return row.report_id, kept


def view(session: Session, *, live: SealedSession) -> ReporterView:
    """Show a reporter the own report and the conversation."""
    report = own_report(session, live)
    case = session.get_one(Case, report.case_id)
    identities = _identities(live)
    changed: set[str] = set()
    kinds = ("report", "listing", drafts.ENTRY, TRACE, SHOWN, notices.ADDRESS, *TALK)
    rows = records.records_of(session, list(identities), kinds=kinds)
    bodies = records.open_sound(rows, identities, changed)
    told = [body for row, body in bodies if row.kind == "report"]
    frozen = [body["staff"] for row, body in bodies if row.kind == SHOWN]
    traces = with_leavers(session, case, traces_from(bodies), frozen=bool(frozen))
    files = drafts.files_from(body for row, body in bodies if row.kind == "listing")
    return ReporterView(
        status=shown_status(case, traces),
        trail=trail_of(case, report, traces),
        answers=told[0]["answers"] if told else {},
        messages=messages_from(bodies),
        files=files,
        readers=_reader_names(session, case, frozen[-1] if frozen else None),
        sent_at=report.sent_at,
        traces=traces,
        answer_by=case.answer_by,
        newer=_newer(session, live),
        gets_mail=any(row.kind == notices.ADDRESS for row in rows),
        changed=bool(changed),
        entries=drafts.entries_from(
            [(row, body) for row, body in bodies if row.kind == drafts.ENTRY], files
        ),
    )


def messages_from(bodies: list[tuple[Record, dict[str, Any]]]) -> list[MessageView]:
    """Make the conversation from opened records, oldest first."""
    messages = [_message(row, body) for row, body in bodies if row.kind in TALK]
    return sorted(messages, key=lambda message: (message.at, message.seq))


def _message(row: Record, body: Mapping[str, Any]) -> MessageView:
    return MessageView(
        id=row.id,
        kind=row.kind,
        who=body["who"],
        text=body["text"],
        at=datetime.fromisoformat(body["at"]),
        options=tuple(body.get("options", ())),
        question=body.get("question", ""),
        choice=body.get("choice", ""),
        week=body.get("week", 0),
        seq=row.seq,
    )


def send_message(
    session: Session,
    *,
    live: SealedSession,
    text: str,
    now: datetime,
    dangers: Collection[str] = (),
) -> None:
    """Write to the school.

    Args:
        dangers: kinds of danger that the words of the text tell.

    Raises:
        InvalidInputError: for an empty or far too long text.
    """
    words = checked_text(text)
    if not words:
        raise InvalidInputError("text", "empty")
    say(session, live=live, kind=FROM_REPORTER, body={"text": words}, now=now, dangers=dangers)


def checked_text(text: str) -> str:
    """Give a text without blanks around it.

    Raises:
        InvalidInputError: for a far too long one.
    """
    words = text.strip()
    if len(words) > MESSAGE_LIMIT:
        raise InvalidInputError("text", "too_long")
    return words


def answer_question(
    session: Session,
    *,
    live: SealedSession,
    question_id: str,
    chosen: int,
    text: str,
    now: datetime,
    dangers: Collection[str] = (),
) -> None:
    """Answer a question of the school with one of its ready answers; the newest answer stands.

    Raises:
        NotFoundError: for a question that was not asked in this conversation.
        InvalidInputError: for an answer that the question does not have.
    """
    asked = {one.id: one for one in view(session, live=live).messages if one.kind == QUESTION}
    if question_id not in asked:
        raise NotFoundError(question_id)
    options = asked[question_id].options
    if chosen not in range(len(options)):
        raise InvalidInputError("choice", "unknown")
    body = {"question": question_id, "choice": options[chosen], "text": checked_text(text)}
    say(session, live=live, kind=ANSWER, body=body, now=now, dangers=dangers)


def say(
    session: Session,
    *,
    live: SealedSession,
    kind: str,
    body: Mapping[str, Any],
    now: datetime,
    dangers: Collection[str] = (),
    event: CustodyKind = CustodyKind.MESSAGE_SENT,
    waits: bool = True,
) -> Case:
    """Put something of the reporter into the conversation, and let the school know.

    Args:
        waits: whether somebody must do something with it.
    """
    report = own_report(session, live)
    case = session.get_one(Case, report.case_id)
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    signed = {**body, "who": "reporter", "at": now.isoformat(timespec="seconds")}
    record = records.add_record(session, story, signed, kind=kind, now=now)
    custody.record_event(
        session,
        event,
        school_id=report.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report.id,
        about=[record.id, record.ciphertext_sha256],
    )
    urgent = is_urgent({}, dangers)
    if waits or urgent:
        _let_know(session, case, record.id, urgent=urgent, now=now)
        wait_for_staff(session, case.id, now)
    sessions.touch(live, now)
    return case


def _let_know(session: Session, case: Case, record_id: str, *, urgent: bool, now: datetime) -> None:
    """Notify who answers; where danger was told everybody who reads it, and mark it for today."""
    told = who_answers(session, case, local_date(now))
    if urgent:
        told = [row.staff_id for row in case_keys.readers_of(session, case, live_only=True)]
        acute.raise_alarm(session, case_id=case.id, now=now)
    for staff_id in sorted(set(told)):
        notify.queue(
            session,
            school_id=case.school_id,
            staff_id=staff_id,
            template="reply",
            dedupe_key=f"reply:{record_id}:{staff_id}",
            now=now,
        )


def who_answers(session: Session, case: Case, today: date) -> list[str]:
    """Give the handler and who stands in today, or all who read along when the handler left."""
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    if case.handler_id not in readers:
        return sorted(readers)
    deputy = turns.stand_ins(session, case.school_id, today).get(case.handler_id)
    return [case.handler_id, *({deputy} & readers)] if deputy else [case.handler_id]


def wait_for_staff(session: Session, case_id: str, now: datetime) -> None:
    """Note that a reporter added something; nothing that staff change meanwhile stops that.

    The promised day counts from the first word without an answer: writing again moves nothing.
    """
    changed = {"waiting_for_staff": True, "changed_at": records.whole_hour(now)}
    session.execute(update(Case).where(Case.id == case_id).values(changed))
    query = select(School).join(Case, Case.school_id == School.id).where(Case.id == case_id)
    school = session.scalars(query).one()
    promised = calendar_of(school).add_days(local_date(now), school.answer_days)
    waiting = update(Case).where(Case.id == case_id, Case.answer_by.is_(None))
    session.execute(waiting.values(answer_by=promised))


def own_report(session: Session, live: SealedSession) -> Report:
    report = session.get(Report, live.data["report"])
    if report is None or report.school_id != live.row.school_id or report.case_id is None:
        raise NotFoundError("report")
    return report


def _newer(session: Session, live: SealedSession) -> bool:
    rows = keys.compartments_of_report(session, live.row.school_id, live.data["report"])
    return keys.newest(rows, keys.STORY).id not in live.data["keys"]


def _identities(live: SealedSession) -> dict[str, Identity]:
    return {item: Identity.parse(secret) for item, secret in live.data["keys"].items()}


def _reader_names(session: Session, case: Case, frozen: Collection[str] | None) -> list[ReaderName]:
    """Name who may read it; ``frozen`` are those of the moment since when staff withhold it."""
    protocol, _ = protocols.current(session.get_one(School, case.school_id).protocol_key)
    people = roster.roster_of(session, case.school_id)
    readers = []
    for row in case_keys.readers_of(session, case, live_only=frozen is None):
        member = session.get_one(StaffMember, row.staff_id)
        if frozen is not None and (row.staff_id not in frozen or member.disabled_at is not None):
            continue
        one = people.member(row.staff_id)
        label = protocol.label(one.roles[0].role) if one is not None and one.roles else ""
        readers.append(ReaderName(row.staff_id, member.name, label, row.part))
    once = {reader.staff_id: reader for reader in readers}.values()
    if frozen is not None:
        return sorted(once, key=lambda one: list(frozen).index(one.staff_id))
    return sorted(once, key=lambda one: (PARTS.index(one.part), one.name))
