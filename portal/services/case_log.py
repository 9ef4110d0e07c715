"""What happened in a case, one line each: sealed records and the custody log read together.

A note, step, hand-over or message exists twice, as a sealed record and as an event of the log that
names the record. The record has the words, so it makes the line; the event is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import AgeError, Identity
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.protocol import Protocol
from portal.domain.routing import find_gate
from portal.models import Case, CustodyEvent, Record
from portal.services import (
    approvals,
    case_work,
    custody,
    evidence,
    handing,
    people,
    records,
    reporter,
    sharing,
)
from portal.services.case_keys import CaseKeys
from portal.services.case_views import DayView, EntryView, ReportView
from portal.services.errors import RecordMismatchError

SAID_IN_TIMELINE = 90
CLOSED_OFF = {str(CustodyKind.EVIDENCE_SEALED), str(CustodyKind.EVIDENCE_WITHHELD)}
GROUP = "group_action"
WRITTEN = (
    case_work.NOTE,
    case_work.STEP,
    case_work.MOVE,
    handing.HANDOVER,
    sharing.LET_IN,
    "closing",
    "reopening",
    "measure",
    "agreement",
    "parent_check",
    "recovery",
    "disclosure",
    GROUP,
)
"""Records that make a line with all their words."""
GIVEN = (handing.HANDOVER, sharing.LET_IN)
"""Records beside which a key was given: their line says it."""
ECHOES = frozenset(
    {CustodyKind.MESSAGE_SENT, CustodyKind.RECORD_WRITTEN, CustodyKind.CHECK_ANSWERED}
)
CHECKED = {"better": "beter", "same": "hetzelfde", "worse": "erger", "talk": "wil praten"}
BRIEFLY: Mapping[str, tuple[str, ...]] = {
    "talk": ("with",),
    "clearing": (),
    "police_first": ("do",),
    "joint_wish": ("wish",),
    "registration": ("title", "pupil"),
    "told_team": ("told",),
    "plan": ("pupil", "version"),
    "plan_answer": ("person", "outcome"),
    people.PERSON: ("name", "part", "what"),
    "told": ("to_names", "medium", "what"),
    approvals.ASK: ("approver",),
}
"""Records with a page of their own: a line names them, with these fields and no more."""
MERGED = frozenset(
    {
        CustodyKind.REPORT_READ,
        CustodyKind.EVIDENCE_TAKEN_IN,
        CustodyKind.EVIDENCE_PREVIEWED,
        CustodyKind.EVIDENCE_OPENED,
    }
)
"""Kinds of which one line a day and person says enough."""


@dataclass(frozen=True, slots=True)
class Log:
    """The days of a case, and how often each member of staff opened it."""

    days: list[DayView]
    opened_by: Mapping[str, int]


def read(
    session: Session,
    *,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    reports: Sequence[ReportView],
) -> Log:
    """Read everything that happened, oldest first, grouped by day."""
    identities = opened.by_compartment()
    ids = [item.row.id for item in opened.case]
    rows = records.records_of(session, ids, kinds=(*WRITTEN, *BRIEFLY))
    sound = records.open_sound(rows, identities, opened.changed)
    names = people.names_of(people.read(session, opened))
    own = approvals.own_answers(session, opened)
    written = [_written(row, body, protocol, names, own) for row, body in sound]
    messages = [one for report in reports for one in report.messages]
    told = {row.id for row in rows} | {one.id for one in messages}
    events = _events(session, case, opened)
    kept = [entry for event, entry in events if not told & _about(event)]
    talk = [_message(one) for one in messages if _is_talk(one)]
    return Log(_days([*written, *talk, *_without_echoes(kept, written)]), _opened_by(events))


def _events(session: Session, case: Case, opened: CaseKeys) -> list[tuple[CustodyEvent, EntryView]]:
    """Read what the log says of a case, as far as these keys open it."""
    identities = opened.by_compartment()
    # Files come in before there is a case, so their events name only the report.
    query = (
        select(CustodyEvent)
        .where(
            CustodyEvent.school_id == case.school_id,
            (CustodyEvent.case_id == case.id) | CustodyEvent.report_id.in_(opened.reports),
        )
        .order_by(CustodyEvent.position)
    )
    events = list(session.scalars(query))
    sealed = {next(iter(_listed(one)), "") for one in events if one.kind in CLOSED_OFF}
    found = [(event, _event(event, identities, opened.changed)) for event in events]
    return [
        (event, entry if sealed.isdisjoint(_listed(event)) else _nameless(entry))
        for event, entry in found
        if entry is not None
    ]


def _nameless(entry: EntryView) -> EntryView:
    """Tell what was done with a file that is sealed by now without its name."""
    files = [evidence.NEUTRAL_NAME] if entry.detail.get("files") else []
    return replace(entry, detail={**entry.detail, "files": files, "file": ""})


def _opened_by(events: Iterable[tuple[CustodyEvent, EntryView]]) -> Mapping[str, int]:
    return Counter(
        str(entry.detail.get("actor")).rpartition(":")[2]
        for event, entry in events
        if event.kind == CustodyKind.REPORT_READ
    )


def _written(
    row: Record,
    body: Mapping[str, Any],
    protocol: Protocol,
    names: Mapping[str, str],
    own: Collection[tuple[str, str, str]],
) -> EntryView:
    if row.kind in BRIEFLY:
        brief = {key: body[key] for key in BRIEFLY[row.kind]} | {"staff": body.get("staff", "")}
        return EntryView(datetime.fromisoformat(body["at"]), row.kind, body["who"], "", brief)
    detail = {key: value for key, value in body.items() if key not in {"at", "who", "text"}}
    if row.kind == case_work.STEP:
        detail["label"] = label_of(protocol, body["step"], body["action"])
        detail["name"] = names.get(body.get("person", ""), "")
        gate = find_gate(protocol, body["action"])
        if gate is not None and gate.kind == approvals.APPROVAL:
            detail["given"] = "own" if approvals.is_own(body, own) else "recorded"
    if row.kind == GROUP:
        detail["names"] = _known(body["about"], names)
    if row.kind == case_work.MOVE:
        detail |= {key: _step_label(protocol, body[key]) for key in ("from", "to")}
    moment = datetime.fromisoformat(body["at"])
    return EntryView(moment, row.kind, body["who"], body.get("text", ""), detail)


def _known(keys: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return [names[key] for key in keys if key in names]


def label_of(protocol: Protocol, step_key: str, item_key: str) -> str:
    """Give the words of an action, gate, communication or registration of a step."""
    for part in protocol.parts(step_key):
        for item in (*part.gates, *part.actions, *part.communications, *part.registrations):
            if item.key == item_key:
                return item.label
    return ""


def _step_label(protocol: Protocol, key: str) -> str:
    step = protocol.step(key)
    return step.label if step else key


def _is_talk(message: reporter.MessageView) -> bool:
    """Notices only repeat a hand-over, which has a line of its own."""
    return message.kind != reporter.NOTICE


def _message(message: reporter.MessageView) -> EntryView:
    words = " ".join([CHECKED.get(message.choice, message.choice), *message.text.split()]).strip()
    short = words if len(words) <= SAID_IN_TIMELINE else words[: SAID_IN_TIMELINE - 1] + "…"
    who = message.who if message.from_staff else ""
    return EntryView(message.at, message.kind, who, short, {"week": message.week})


def _event(
    event: CustodyEvent, identities: Mapping[str, Identity], changed: set[str]
) -> EntryView | None:
    """Read one event of the log; None when it is sealed to another key, or was changed."""
    identity = identities.get(event.compartment_id or "")
    try:
        sealed = custody.open_event(event, identity)["sealed"] if identity else None
    except (AgeError, RecordMismatchError):
        changed.add(event.id)
        return None
    if sealed is None:
        return None
    moment = datetime.fromisoformat(str(sealed["at"]))
    files = [str(sealed["file"])] if sealed.get("file") else []
    return EntryView(
        moment, event.kind, str(sealed.get("name", "")), "", {**sealed, "files": files}
    )


def _about(event: CustodyEvent) -> set[str]:
    return set(_listed(event))


def _listed(event: CustodyEvent) -> list[str]:
    public: dict[str, Any] = json.loads(event.public)
    return list(public["about"])


def _without_echoes(
    entries: Iterable[EntryView], written: Sequence[EntryView]
) -> Iterable[EntryView]:
    """Leave out what another line says already: the key given at a hand-over, the case's start."""
    given = {(one.at, one.detail.get("to")) for one in written if one.kind in GIVEN}
    kept = list(entries)
    received = any(one.kind == CustodyKind.REPORT_RECEIVED for one in kept)
    for entry in kept:
        echo = (
            (entry.kind == CustodyKind.CASE_OPENED and received)
            or entry.kind in ECHOES
            or (
                entry.kind == CustodyKind.CASE_READER_ADDED
                and (entry.at, entry.detail.get("reader")) in given
            )
        )
        if not echo:
            yield entry


def _days(entries: Iterable[EntryView]) -> list[DayView]:
    ordered = sorted(entries, key=lambda entry: entry.at)
    return [
        DayView(day, _merged(list(group)))
        for day, group in groupby(ordered, key=lambda entry: local_date(entry.at))
    ]


def _merged(entries: Sequence[EntryView]) -> list[EntryView]:
    """Say once what somebody did several times that day."""
    found: dict[tuple[str, str, int], EntryView] = {}
    for place, entry in enumerate(entries):
        key = (entry.kind, entry.who, 0 if entry.kind in MERGED else place)
        earlier = found.get(key)
        if earlier is None:
            found[key] = entry
            continue
        files = dict.fromkeys([*earlier.detail["files"], *entry.detail["files"]])
        detail = {**earlier.detail, "files": list(files)}
        found[key] = replace(earlier, detail=detail, count=earlier.count + 1)
    return list(found.values())
