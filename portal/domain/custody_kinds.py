"""Kinds of custody events, as ``subject:action`` (documented in docs/formats.md)."""

from __future__ import annotations

from enum import StrEnum


class CustodyKind(StrEnum):
    """Everything that is written into a school's custody log."""

    SCHOOL_FOUNDED = "school:founded"
    SCHOOL_OPENED = "school:opened"
    SCHOOL_CHANGED = "school:changed"
    ROSTER_CHANGED = "roster:changed"
    RECIPIENT_ACTIVATED = "recipient:activated"
    RECIPIENT_CONFIRMED = "recipient:confirmed"
    STAFF_DISABLED = "staff:disabled"
    STAFF_PICTURED = "staff:pictured"
    REPORT_RECEIVED = "report:received"
    REPORT_READ = "report:read"
    PARENT_CHECKED = "parent:checked"
    REPORT_KEPT = "report:kept"
    ENTRY_WRITTEN = "entry:written"
    REPORT_STOPPED = "report:stopped"
    REPORT_RESUMED = "report:resumed"
    REPORT_WITHDRAWN = "report:withdrawn"
    REPORT_HELD = "report:held"
    REPORT_WIPED = "report:wiped"
    EVIDENCE_TAKEN_IN = "evidence:taken_in"
    EVIDENCE_OPENED = "evidence:opened"
    EVIDENCE_PREVIEWED = "evidence:previewed"
    MESSAGE_SENT = "message:sent"
    RECORD_WRITTEN = "record:written"
    CASE_OPENED = "case:opened"
    CASE_STEP_RECORDED = "case:step_recorded"
    CASE_HANDED_OVER = "case:handed_over"
    CASE_READER_ADDED = "case:reader_added"
    CASE_READER_REMOVED = "case:reader_removed"
    CODE_ISSUED = "code:issued"
    IDENTITY_SHARED = "identity:shared"
    IDENTITY_CHANGED = "identity:changed"
    RECOVERY_USED = "recovery:used"
    PACKET_EXPORTED = "packet:exported"
