"""What pages of the desk show: prepared rows, no tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from portal.services import reporter
from portal.services.drafts import Entry
from portal.services.reins import Reins
from portal.services.traces import Trace


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line on the desk: no word of what was told."""

    id: str
    label: str
    classes: str
    status: str
    step_label: str
    action_label: str
    due_on: date | None
    opened_at: datetime
    urgent: bool
    unread: bool
    waiting: bool
    mine: bool
    handler: str
    deputy: bool = False
    """Whether it is this person's only because the handler is away."""
    given: bool = False
    """Whether somebody else handed it to this person, who did not open it since."""
    answer_by: date | None = None
    """The day by which its reporter was promised an answer."""
    check_call: bool = False
    """Whether an answer of a check week, or silence, calls for somebody."""

    @property
    def soonest(self) -> date | None:
        """The first of the two days: that of the step, and that of the promised answer."""
        return min((day for day in (self.due_on, self.answer_by) if day), default=None)

    def late(self, today: date) -> bool:
        """Whether one of them is over."""
        return self.soonest is not None and self.soonest < today

    @property
    def task(self) -> str:
        """What comes first: ``read``, ``given``, ``check``, an answer, or the ``step``."""
        if self.unread or self.given:
            return "read" if self.unread else "given"
        if self.check_call:
            return "check"
        if self.waiting:
            return "first_answer" if self.status in {"received", "read"} else "answer"
        return "step"


@dataclass(frozen=True, slots=True)
class WeekDay:
    """What is due on one day of the coming week."""

    day: date
    rows: list[CaseRow]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything for "Vandaag", in the order of urgency; `first` stands in no other list."""

    first: CaseRow | None
    overdue: list[CaseRow]
    new: list[CaseRow]
    answers: list[CaseRow]
    due: list[CaseRow]
    later: list[CaseRow]
    elsewhere: list[CaseRow]
    week: list[WeekDay]
    closed: int

    @property
    def today(self) -> int:
        """How much there is to do today."""
        lists = (self.overdue, self.new, self.answers, self.due)
        return sum(map(len, lists)) + (self.first is not None)

    @property
    def mine(self) -> int:
        """How many open cases this person handles."""
        return self.today + len(self.later)


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One evidence item as staff see it; its picture comes from a route of its own."""

    id: str
    report_id: str
    exhibit: str
    name: str
    size: int
    sha256: str
    fingerprint: str
    media_type: str
    preview: str
    warnings: list[str]
    facts: dict[str, Any]
    received_at: datetime
    intimate: bool = False
    sealed: str = ""
    """Why staff do not open it: ``reporter``, ``intimate``, ``staff``, ``asked``; or empty."""
    copy: str = ""
    """Media type of the cleaned copy, where there is one."""
    rest: dict[str, Any] = field(default_factory=dict)
    """Of a zip of which something was closed: what the copy without that holds."""

    @property
    def withheld(self) -> bool:
        """Whether it is neither shown nor handed out here."""
        return self.intimate or bool(self.sealed)


@dataclass(frozen=True, slots=True)
class EntryView:
    """One dated line of the case: a note, a recorded step, a message, or an event of the log.

    `detail` holds what the line says beside `text`: label and outcome of a step, from and to of a
    hand-over, files, reader, version; `count` how often somebody did the same that day.
    """

    at: datetime
    kind: str
    who: str
    text: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    count: int = 1


@dataclass(frozen=True, slots=True)
class DayView:
    """The lines of one day."""

    day: date
    entries: list[EntryView]


@dataclass(frozen=True, slots=True)
class ReaderView:
    """Somebody who reads along, or is shut out."""

    staff_id: str
    name: str
    part: str
    opened: int = 0


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report of a case."""

    id: str
    sent_at: datetime | None
    language: str
    answers: dict[str, Any]
    messages: list[reporter.MessageView]
    identity: dict[str, str] | None
    name_choice: str
    written_by: str = ""
    entries: list[Entry] = field(default_factory=list)
    """What was written in a diary before it was sent, in the order of writing."""
    reins: Reins = field(default_factory=Reins)
    gone: bool = False
    """Whether it was withdrawn and has been wiped since."""


@dataclass(frozen=True, slots=True)
class Withholding:
    """Who withholds something from the reporters since when, and why."""

    who: str
    at: datetime
    ground: str
    text: str
    onward: bool


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What the reporters of a case see of who has it, and what not."""

    shown: list[Trace] = field(default_factory=list)
    withheld: list[Trace] = field(default_factory=list)
    reasons: list[Withholding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What one person said at a gate, by name; `outcome` empty: not asked yet."""

    person: str
    side: str
    name: str
    outcome: str
    withheld: bool
    why: str


@dataclass(frozen=True, slots=True)
class ActionView:
    """One action of the step that the case is in."""

    key: str
    label: str
    kind: str
    owner_label: str
    quote: str
    file: str
    line: int
    state: str
    outcome: str
    optional: bool
    due_on: date | None
    blocked_by: str
    answers: tuple[AnswerView, ...] = ()
    """Of a gate: whose answers it waits for."""
    needs_ground: bool = False
    """Whether passing the pupil over is only right on one of a few grounds."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A whole case for its page."""

    row: CaseRow
    protocol_name: str
    role_label: str
    step_key: str
    routing: dict[str, Any]
    reports: list[ReportView]
    evidence: list[EvidenceView]
    days: list[DayView]
    readers: list[ReaderView]
    excluded: list[ReaderView]
    actions: list[ActionView]
    next_action: ActionView | None
    steps: list[tuple[str, str, str]]
    disclosed: Disclosed = field(default_factory=Disclosed)
    """What the reporters see of who has it."""
    changed: bool = False
    """Whether something was changed in the database by somebody without a key; it is left out."""

    @property
    def entries(self) -> list[EntryView]:
        """All lines of the log, oldest first."""
        return [entry for day in self.days for entry in day.entries]

    @property
    def handler(self) -> str:
        """Who handles it."""
        return next((reader.name for reader in self.readers if reader.part == "handler"), "")

    @property
    def unanswered(self) -> bool:
        """Whether the last word is the reporter's."""
        return any(
            report.messages and report.messages[-1].kind in reporter.REPORTERS_OWN
            for report in self.reports
        )

    @property
    def packets(self) -> list[EntryView]:
        """The packets that were made of it."""
        return [entry for entry in self.entries if entry.kind == "packet:exported"]
