"""Where a case stands, as its reporter is told: six words with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.domain.deadlines import local_date
from portal.models import Case, Report
from portal.services.traces import OPENED, STATUS, Trace

TRAIL = ("received", "read", "talking", "agreements", "checking", "closed")
"""The words themselves are the page's."""


def shown_status(case: Case, traces: Sequence[Trace]) -> str:
    """Give the state to show: "read" only where the reporter may see who read it."""
    read = any(trace.what == OPENED for trace in traces)
    return "received" if case.status == "read" and not read else case.status


def trail_of(case: Case, report: Report, traces: Sequence[Trace]) -> list[tuple[str, date | None]]:
    """Give each state with the day on which it was last reached, as far as it was reached."""
    days: dict[str, date] = {}
    if report.sent_at is not None:
        days["received"] = local_date(report.sent_at)
    for trace in traces:
        if trace.what == OPENED:
            days.setdefault("read", trace.day)
        elif trace.what == STATUS:
            days[trace.status] = trace.day
    reached = TRAIL.index(shown_status(case, traces))
    return [
        (step, days.get(step) if place <= reached else None) for place, step in enumerate(TRAIL)
    ]
