"""The timeline of a case on a page of its own: everything, or one kind, person or period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.services import cases
from portal.services.case_views import DayView, EntryView
from portal.services.staff import StaffActor

REPORTER, PORTAL = "melder", "portaal"
FROM_REPORTER = frozenset({"message:reporter", "message:answer", "message:check"})
GROUPS: Mapping[str, tuple[str, ...]] = {
    "melding": ("report", "entry", "alarm", "code", "case:opened"),
    "stappen": ("step", "move", "handover", "closing", "reopening", "measure", "approval_ask",
                "police_first", "group_action", "case:step_recorded", "case:handed_over"),
    "gesprekken": ("talk", "clearing", "joint_wish"),
    "berichten": ("message", "notice", "disclosure"),
    "notities": ("note", "agreement", "plan", "plan_answer", "registration", "told_team"),
    "mensen": ("person", "told", "parent_check"),
    "bewijs": ("evidence", "packet"),
    "lezers": ("report:read", "case", "identity", "recovery", "let_in"),
}  # fmt: skip
"""What can be chosen: kinds of entries, or what comes before their colon."""
REST = "overig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked of a timeline: keys, ids and days, never a word of what was told."""

    group: str = ""
    person: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def any(self) -> bool:
        """Whether anything is left out on purpose."""
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Timeline:
    """The days that fit, and what can be chosen."""

    filters: Filters
    days: list[DayView]
    found: int
    total: int
    groups: list[str]
    people: list[tuple[str, str]]


def show(
    session: Session, *, actor: StaffActor, case_id: str, filters: Filters, now: datetime
) -> Timeline:
    """Give the timeline of a case as far as it fits the filters.

    Raises:
        NotFoundError: for everybody who does not read the case.
    """
    days = cases.show(session, actor=actor, case_id=case_id, now=now).days
    every = [entry for day in days for entry in day.entries]
    ids = _ids_by_name(every)
    shown = [_narrowed(day, filters, ids) for day in days]
    groups = {group_of(entry.kind) for entry in every}
    return Timeline(
        filters=filters,
        days=[day for day in shown if day.entries],
        found=sum(len(day.entries) for day in shown),
        total=len(every),
        groups=[key for key in (*GROUPS, REST) if key in groups],
        people=_people(every, ids),
    )


def _people(every: list[EntryView], ids: dict[str, str]) -> list[tuple[str, str]]:
    people = {person_of(entry, ids): entry.who for entry in every}
    named = {key: name for key, name in people.items() if key and name}
    without = [(key, "") for key in (REPORTER, PORTAL) if key in people]
    return [*without, *sorted(named.items(), key=lambda one: one[1])]


def group_of(kind: str) -> str:
    """Say among which choice an entry stands: its own kind decides before its family."""
    for wanted in (kind, kind.partition(":")[0]):
        found = next((group for group, kinds in GROUPS.items() if wanted in kinds), "")
        if found:
            return found
    return REST


def person_of(entry: EntryView, ids: Mapping[str, str]) -> str:
    """Say who did it: the id of a member of staff, the reporter, the portal, or nobody."""
    actor = str(entry.detail.get("actor", ""))
    if actor == "reporter" or entry.kind in FROM_REPORTER:
        return REPORTER
    if actor == "system":
        return PORTAL
    return str(entry.detail.get("staff") or actor.partition(":")[2] or ids.get(entry.who, ""))


def _ids_by_name(entries: Sequence[EntryView]) -> dict[str, str]:
    """Whose name is whose, for lines that hold the name alone."""
    known = [(one.who, person_of(one, {})) for one in entries if one.who]
    return {name: key for name, key in known if key not in ("", REPORTER, PORTAL)}


def _narrowed(day: DayView, filters: Filters, ids: Mapping[str, str]) -> DayView:
    outside = (filters.first is not None and day.day < filters.first) or (
        filters.last is not None and day.day > filters.last
    )
    kept = [
        entry
        for entry in day.entries
        if not outside
        and filters.group in ("", group_of(entry.kind))
        and filters.person in ("", person_of(entry, ids))
    ]
    return replace(day, entries=kept)
