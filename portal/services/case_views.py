"""What pages of the desk show: prepared rows, no tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from portal.services.reporter import MessageView


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


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything for "Vandaag", in the order of urgency."""

    new: list[CaseRow]
    overdue: list[CaseRow]
    due: list[CaseRow]
    answers: list[CaseRow]
    later: list[CaseRow]
    elsewhere: list[CaseRow]

    @property
    def first(self) -> CaseRow | None:
        """The one to begin with."""
        for rows in (self.overdue, self.new, self.answers, self.due):
            if rows:
                return rows[0]
        return None

    @property
    def today(self) -> int:
        """How much there is to do today."""
        return len(self.new) + len(self.overdue) + len(self.due) + len(self.answers)


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


@dataclass(frozen=True, slots=True)
class EntryView:
    """One dated line of the case: a note, a recorded step, or an event of the log."""

    at: datetime
    kind: str
    who: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReaderView:
    """Somebody who reads along, or is shut out."""

    staff_id: str
    name: str
    part: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report of a case."""

    id: str
    sent_at: datetime | None
    language: str
    answers: dict[str, Any]
    messages: list[MessageView]
    identity: dict[str, str] | None
    name_choice: str


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
    entries: list[EntryView]
    readers: list[ReaderView]
    excluded: list[ReaderView]
    actions: list[ActionView]
    next_action: ActionView | None
    steps: list[tuple[str, str, str]]
