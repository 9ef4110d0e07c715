"""What staff should not see: one press seals it, and the coordinator is told what to do next."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from portal import data
from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Compartment, CustodyEvent, Record
from portal.services import (
    arrival,
    cards,
    case_keys,
    case_records,
    copies,
    custody,
    evidence,
    keys,
    notify,
    records,
    reporter,
    sealing,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.evidence import OpenItem
from portal.services.sealing import Held
from portal.services.staff import StaffActor

CLOSED_OFF, HANDLED = "quarantine", "quarantine:handled"
OPENINGS = (str(CustodyKind.EVIDENCE_PREVIEWED), str(CustodyKind.EVIDENCE_OPENED))
MEMBER_LIMIT, TEXT_LIMIT = 500, 5000


@dataclass(frozen=True, slots=True)
class ClosedOff:
    """Something that was closed because staff should not see it, and what became of it."""

    evidence_id: str
    exhibit: str
    who: str
    at: datetime
    sha256: str
    size: int
    received_at: datetime
    seen: list[str] = field(default_factory=list)
    member: str = ""
    rest: bool = False
    handled: str = ""
    handled_by: str = ""


def close_off(
    session: Session,
    *,
    actor: StaffActor,
    store: EvidenceStore,
    case_id: str,
    evidence_id: str,
    now: datetime,
    members: Collection[int] = (),
) -> None:
    """Close what staff should not see, for every reader at once, and set the task.

    What was sent twice, or by two, is closed with it; of a sealed item its cleaned copy goes. A
    second press changes nothing. Of a zip the whole is sealed; a copy of the members that were
    not meant stays. Where nobody could ever open it again it is shown to nobody, and not sealed.

    Args:
        members: places in a zip of what nobody should see; none for all of it.

    Raises:
        NotFoundError: no such item, or no key for this person.
        ConflictError: somebody changed one of them meanwhile.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    items = evidence.open_items(session, case, opened)
    chosen, alike = _same(items, evidence_id)
    meant = copies.meant(session, store, chosen, members)
    seen = {one.row.id: _seen_by(session, one, opened) for one in alike}
    told = set()
    for item in alike:
        same = item.sealed.get("rest") == chosen.sealed.get("rest")
        places = [one.place for one in meant] if same else []
        held = _held(session, opened, item, items)
        if not _close(session, actor, store, item, held, places, now):
            continue
        body = {
            "evidence": item.row.id,
            "exhibit": f"B{items.index(item) + 1}",
            "who": actor.name,
            "at": now.isoformat(timespec="seconds"),
            "seen": seen[item.row.id],
            "member": ", ".join(one.name for one in meant)[:MEMBER_LIMIT],
        }
        _note(session, case, opened, CLOSED_OFF, body, actor, now)
        told.add(item.row.report_id)
    if told:
        _tell(session, case, opened, told, evidence_id, actor, now)


def _same(items: Sequence[OpenItem], evidence_id: str) -> tuple[OpenItem, list[OpenItem]]:
    """Find an item, and with it all that show the same; it stands first."""
    chosen = next((one for one in items if one.row.id == evidence_id), None)
    if chosen is None:
        raise NotFoundError(evidence_id)
    digest = chosen.body["sha256"]
    alike = [one for one in items if one.body["sha256"] == digest and _shows_something(one)]
    return chosen, sorted(alike, key=lambda one: one is not chosen)


def _tell(
    session: Session,
    case: Case,
    opened: CaseKeys,
    report_ids: Collection[str],
    evidence_id: str,
    actor: StaffActor,
    now: datetime,
) -> None:
    """Tell reporters and readers that something was closed."""
    for report_id in sorted(report_ids):
        _tell_reporter(session, case, opened, report_id, actor, now)
    _set_task(session, case, evidence_id, now)
    cards.renew(session, case=case, opened=opened, now=now)


def _shows_something(item: OpenItem) -> bool:
    """Whether there still is anything of an item to see or to fetch."""
    return not item.sealed or bool(item.sealed.get("copy"))


def _close(
    session: Session,
    actor: StaffActor,
    store: EvidenceStore,
    item: OpenItem,
    held: Held,
    places: Sequence[int],
    now: datetime,
) -> bool:
    """Close one item; False when there was nothing more to close."""
    if item.sealed:
        rest = copies.less(session, item, places)
        sealing.close_copy(session, held, actor=actor.custody, now=now, rest=rest)
        return True
    if held.sealed is not None:
        ready = sealing.make_ready(store, held, why=sealing.BY_STAFF, without=places)
        sealing.seal(session, ready, actor=actor.custody, now=now)
        return True
    if item.body.get("intimate", "no") != "no":
        return False  # it is shut already
    sealing.shut(session, held, actor=actor.custody, now=now)
    return True


def handle(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    evidence_id: str,
    text: str,
    now: datetime,
) -> None:
    """Record what was done about something that was closed off, such as calling the police.

    Raises:
        InvalidInputError: without a word about it.
        NotFoundError: when it was not closed off.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if evidence_id not in {one.evidence_id for one in _closed(session, case, opened)}:
        raise NotFoundError(evidence_id)
    body = {
        "evidence": evidence_id,
        "who": actor.name,
        "at": now.isoformat(timespec="seconds"),
        "text": _words(text),
    }
    _note(session, case, opened, HANDLED, body, actor, now)


def closed_off(session: Session, *, actor: StaffActor, case_id: str) -> list[ClosedOff]:
    """List what was closed off in a case, oldest first."""
    written = select(Record.id).where(Record.case_id == case_id, Record.kind == CLOSED_OFF)
    if session.scalar(written.limit(1)) is None:
        return []  # as in nearly every case: nothing need be opened to know
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    return _closed(session, case, opened)


def fulfil(
    session: Session, *, actor: StaffActor, store: EvidenceStore, case_id: str, now: datetime
) -> int:
    """Seal, with the key of whoever opens the case, what may not lie open to its readers.

    That is what reporters who came back asked to seal, and what came in although somebody naked
    may be in it; no page of ours sends such a file.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    items = evidence.open_items(session, case, opened)
    waiting = [item for item in items if item.withheld and not item.sealed]
    ready = [one for item in waiting if (one := _made_ready(session, store, opened, item, items))]
    done = 0
    for one in ready:
        with contextlib.suppress(ConflictError):  # a colleague's opening did it just now
            sealing.seal(session, one, actor=custody.REPORTER, now=now)
            done += 1
    return done


def _made_ready(
    session: Session,
    store: EvidenceStore,
    opened: CaseKeys,
    item: OpenItem,
    items: Sequence[OpenItem],
) -> sealing.Ready | None:
    """What cannot be sealed now stays withheld, and is tried again at the next opening."""
    try:
        held = _held(session, opened, item, items)
        if held.sealed is None:
            return None
        asked = item.asked or {}
        naked = evidence.is_intimate(item) or asked.get("why") == sealing.INTIMATE
        why = sealing.INTIMATE if naked else sealing.BY_REPORTER
        return sealing.make_ready(store, held, why=why, conceal=asked.get("conceal", ()))
    except (NotFoundError, EvidenceStoreError, OSError):
        return None


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise InvalidInputError("text", "empty")
    return words[:TEXT_LIMIT]


def _held(session: Session, opened: CaseKeys, item: OpenItem, items: Sequence[OpenItem]) -> Held:
    stories = opened.of_report(item.row.report_id, keys.STORY)
    record = session.get_one(Record, item.row.listing_id)
    story = next(one for one in stories if one.row.id == record.compartment_id)
    return Held(
        row=item.row,
        body=item.body,
        listing=records.open_record(record, story.identity),
        story=story,
        evidence=evidence.key_of(item),
        sealed=_sealed_compartment(session, item),
        log=item.case_key,
        place=arrival.place_of(
            [one.body for one in items if one.row.report_id == item.row.report_id], item.row.id
        ),
        case_id=item.case.id,
    )


def _sealed_compartment(session: Session, item: OpenItem) -> Compartment | None:
    """Where an item is sealed to; None where nobody could open it there."""
    with contextlib.suppress(NotFoundError):
        return sealing.compartment_of(session, item.case.school_id, item.row.report_id)
    return None


def _seen_by(session: Session, item: OpenItem, opened: CaseKeys) -> list[str]:
    """Say who opened it so far, by the log: their names, each once."""
    identities = opened.by_compartment()
    query = (
        select(CustodyEvent)
        .where(CustodyEvent.case_id == item.case.id, CustodyEvent.kind.in_(OPENINGS))
        .order_by(CustodyEvent.position)
    )
    names = []
    for event in session.scalars(query):
        identity = identities.get(event.compartment_id or "")
        if identity is not None and item.row.id in event.public:
            names.append(str(custody.open_event(event, identity)["sealed"]["name"]))
    return list(dict.fromkeys(names))


def _note(
    session: Session,
    case: Case,
    opened: CaseKeys,
    kind: str,
    body: Mapping[str, Any],
    actor: StaffActor,
    now: datetime,
) -> None:
    row = records.add_record(session, opened.current, body, kind=kind, now=now)
    _log(session, case, opened.current.row, row, actor, CustodyKind.RECORD_WRITTEN, now)


def _tell_reporter(
    session: Session,
    case: Case,
    opened: CaseKeys,
    report_id: str,
    actor: StaffActor,
    now: datetime,
) -> None:
    """Say kindly in the conversation that a file was closed, and that nobody is angry."""
    story = opened.of_report(report_id, keys.STORY)[-1]
    body = {
        "who": "portal",
        "text": data.intimate_steps().notice,
        "at": now.isoformat(timespec="seconds"),
    }
    row = records.add_record(session, story, body, kind=reporter.NOTICE, now=now)
    _log(session, case, story.row, row, actor, CustodyKind.MESSAGE_SENT, now)


def _log(
    session: Session,
    case: Case,
    compartment: Compartment,
    row: Record,
    actor: StaffActor,
    kind: CustodyKind,
    now: datetime,
) -> None:
    custody.record_event(
        session,
        kind,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=compartment,
        case_id=case.id,
        report_id=row.report_id,
        about=[row.id, row.ciphertext_sha256],
    )


def _set_task(session: Session, case: Case, evidence_id: str, now: datetime) -> None:
    """Put the case on top of the desk, and let everybody who reads it know that something waits."""
    changed = {"urgent": True, "changed_at": records.whole_hour(now)}
    session.execute(update(Case).where(Case.id == case.id).values(changed))
    for row in case_keys.readers_of(session, case, live_only=True):
        notify.queue(
            session,
            school_id=case.school_id,
            staff_id=row.staff_id,
            template="due",
            dedupe_key=f"sealed:{evidence_id}:{row.staff_id}",
            now=now,
        )


def _closed(session: Session, case: Case, opened: CaseKeys) -> list[ClosedOff]:
    bodies = {kind: case_keys.facts_of(session, opened, kind) for kind in (CLOSED_OFF, HANDLED)}
    handled = {str(body["evidence"]): body for body in bodies[HANDLED]}
    items = {one.row.id: one for one in evidence.open_items(session, case, opened)}
    return [
        _view(body, items[str(body["evidence"])], handled.get(str(body["evidence"]), {}))
        for body in bodies[CLOSED_OFF]
        if body["evidence"] in items
    ]


def _view(body: Mapping[str, Any], item: OpenItem, handled: Mapping[str, Any]) -> ClosedOff:
    return ClosedOff(
        evidence_id=item.row.id,
        exhibit=str(body["exhibit"]),
        who=str(body["who"]),
        at=datetime.fromisoformat(str(body["at"])),
        sha256=item.body["sha256"],
        size=item.body["size"],
        received_at=datetime.fromisoformat(item.body["at"]),
        seen=[str(name) for name in _listed(body.get("seen"))],
        member=str(body.get("member", "")),
        rest=bool(item.sealed.get("rest")),
        handled=str(handled.get("text", "")),
        handled_by=str(handled.get("who", "")),
    )


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
