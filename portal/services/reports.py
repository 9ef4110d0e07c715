"""Sending a report: routing names the readers, and only they are given the keys."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.data import danger_words
from portal.domain import intake
from portal.domain.custody_kinds import CustodyKind
from portal.models import (
    Case,
    Compartment,
    EvidenceItem,
    Record,
    Report,
    ReporterCode,
    StaffMember,
    new_id,
)
from portal.services import (
    acute,
    cards,
    case_keys,
    codes,
    custody,
    drafts,
    issuing,
    keys,
    notify,
    protocols,
    records,
    routing,
    sessions,
    vouching,
)
from portal.services.drafts import Draft, ListedFile
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.instance_keys import InstanceKeys
from portal.services.keys import OpenCompartment
from portal.services.routing import ReaderName, Routed
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession

SENT = "sent"
LABEL_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a reporter keeps: shown within the live session, stored nowhere else."""

    code: str
    label: str
    readers: list[ReaderName]
    answer_by: date
    files: list[ListedFile]

    @property
    def code_groups(self) -> list[str]:
        """The code as it is shown, 4 × 4."""
        return codes.display(self.code)


def receipt(live: SealedSession) -> Receipt | None:
    """Give the receipt that a live session holds, once its report is sent."""
    kept = live.data.get("receipt")
    if kept is None:
        return None
    return Receipt(
        code=kept["code"],
        label=kept["label"],
        readers=[ReaderName(**item) for item in kept["readers"]],
        answer_by=date.fromisoformat(kept["answer_by"]),
        files=[ListedFile(**item) for item in kept["files"]],
    )


def submit(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    instance: InstanceKeys,
    token: str,
    seen: str,
    now: datetime,
    draft: Draft | None = None,
) -> Receipt:
    """Send the draft of a session; a second time it gives the same receipt.

    Args:
        seen: the digest of the readers and exclusions that the reporter looked over.
        draft: the draft, where the caller has just opened it.

    Raises:
        InvalidInputError: without a story, with another draft's token, at a closed school, or when
            others would read it than the reporter saw.
        NotFoundError: when the draft is gone.
        ConflictError: when the same draft is being sent at this moment; undo, and look again.
    """
    sent = receipt(live)
    if sent is not None:
        return sent
    draft = draft or drafts.load(session, live=live)
    _check(draft, live, school, token)
    routed = routing.decide(session, school=school, answers=draft.answers, now=now)
    if not secrets.compare_digest(seen.encode(), routed.digest.encode()):
        # The roster changed meanwhile, or somebody put an older draft back in the database.
        raise InvalidInputError("readers", "changed")
    opened = drafts.open_compartments(session, live=live)
    report = session.get(Report, draft.report_id)
    if report is None:
        raise NotFoundError(draft.report_id)
    code, code_row = _code_for(session, report, opened, instance)
    case, case_key = open_case(
        session, school=school, routed=routed, actor=custody.REPORTER, origin="report", now=now
    )
    case.urgent = intake.is_urgent(draft.answers, {*live.data.get("found", []), *_found(draft)})
    case_keys.attach_report(
        session, case_key=case_key, opened=[opened[keys.STORY], opened[keys.EVIDENCE]]
    )
    cards.begin(
        session, case_key=case_key, answers=draft.answers, classes=routed.class_names, now=now
    )
    named = _seal_answers(session, draft, opened, routed, now)
    _send(session, report, case, opened, code_row if code else None, named, now)
    if case.urgent:
        acute.raise_alarm(session, case_id=case.id, now=now)
    _let_go_of_draft(session, draft, opened)
    result = Receipt(code, case.label, routed.readers, routed.answer_by, draft.files)
    _keep_receipt(live, result)
    return result


def _found(draft: Draft) -> set[str]:
    """Find what calls for help in a diary; weeks may lie between writing and sending."""
    return set(danger_words().find([entry.text for entry in draft.entries]))


def _code_for(
    session: Session, report: Report, opened: dict[str, OpenCompartment], instance: InstanceKeys
) -> tuple[str, ReporterCode]:
    """Make the code that opens story and name; empty for a diary, whose code stays as it is."""
    if report.status == drafts.DIARY:
        kept = issuing.only_code(session, report, opened[keys.STORY])
        if kept is None:
            raise NotFoundError(report.id)
        return "", kept
    return issuing.give(
        session,
        school_id=report.school_id,
        report_id=report.id,
        opened=[opened[keys.STORY], opened[keys.IDENTITY]],
        instance=instance,
    )


def _check(draft: Draft, live: SealedSession, school: SchoolView, token: str) -> None:
    story = draft.answers.get("story", {}).get("value", "")
    if not secrets.compare_digest(token.encode(), str(live.data["token"]).encode()):
        raise InvalidInputError("token", "other")
    if not draft.entries and (not isinstance(story, str) or not story.strip()):
        raise InvalidInputError("story", "empty")
    if not school.is_open:
        raise InvalidInputError("school", "closed")


def open_case(
    session: Session,
    *,
    school: SchoolView,
    routed: Routed,
    actor: custody.Actor,
    origin: str,
    now: datetime,
) -> tuple[Case, OpenCompartment]:
    """Make a case for a routing decision: its key, its readers, the reason, the notices."""
    handler = routed.members[0][0]
    protocols.keep(session, school.protocol_key)
    case = Case(
        id=new_id(),
        school_id=school.id,
        label=_label(),
        origin=origin,
        protocol_key=school.protocol_key,
        protocol_version=routed.protocol_version,
        role_key=routed.decision.role,
        step_key=routed.decision.step,
        next_action=routed.first_action,
        due_on=routed.due_on,
        answer_by=routed.answer_by,
        handler_id=handler.id,
        classes=", ".join(routed.class_names),
        opened_at=records.whole_hour(now),
        changed_at=records.whole_hour(now),
    )
    session.add(case)
    case_key = case_keys.create_key(
        session,
        case=case,
        readers=routed.members,
        excluded=routed.excluded_ids,
        actor=actor,
        now=now,
    )
    records.add_record(session, case_key, routed.explained(), kind="routing", now=now)
    for member, _part in routed.members:
        _notify(session, case, member, now)
    return case, case_key


def _notify(session: Session, case: Case, member: StaffMember, now: datetime) -> None:
    notify.queue(
        session,
        school_id=case.school_id,
        staff_id=member.id,
        template="new",
        dedupe_key=f"new:{case.id}:{member.id}",
        now=now,
    )


def _seal_answers(
    session: Session,
    draft: Draft,
    opened: dict[str, OpenCompartment],
    routed: Routed,
    now: datetime,
) -> list[str]:
    """Seal the story for the case, and the name only to who may know it.

    Returns:
        The ids of staff who got the name.
    """
    told, identity = intake.split_identity(draft.answers)
    story = opened[keys.STORY]
    body = {"answers": told, "at": now.isoformat(timespec="seconds")}
    records.add_record(session, story, body, kind="report", now=now)
    vouching.bind(session, story, opened[keys.EVIDENCE].row, now=now)
    holders = vouching.recovery_holders(session, story.row.school_id)
    pairs = keys.wrap_to_pairs(
        session, opened[keys.SEALED], holders, excluded_staff=routed.excluded_ids
    )
    if not pairs and any(file.sealed for file in draft.files):
        raise InvalidInputError("readers", "sealed")  # nobody could ever open it
    name = opened[keys.IDENTITY]
    if identity is None:
        return []
    records.add_record(session, name, identity, kind="identity", now=now)
    keys.wrap_to_pairs(session, name, holders, excluded_staff=routed.excluded_ids)
    return _share_name(session, name, identity, routed)


def _share_name(
    session: Session, name: OpenCompartment, identity: dict[str, Any], routed: Routed
) -> list[str]:
    """Wrap the name to the persons the reporter chose, as they are now."""
    given = []
    for member, _part in routed.members_for_name(identity):
        if member.recipient is not None:
            keys.wrap(
                session,
                name,
                holder_kind=keys.STAFF,
                holder_id=member.id,
                recipient=member.recipient,
            )
            given.append(member.id)
    return given


def note_sharing(
    session: Session,
    case: Case,
    report_id: str,
    story: OpenCompartment,
    staff_ids: list[str],
    now: datetime,
) -> None:
    """Write down who got the reporter's name."""
    custody.record_event(
        session,
        CustodyKind.IDENTITY_SHARED,
        school_id=case.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report_id,
        about=[report_id],
        particulars={"staff": staff_ids},
    )


def _send(
    session: Session,
    report: Report,
    case: Case,
    opened: dict[str, OpenCompartment],
    code_row: ReporterCode | None,
    named: list[str],
    now: datetime,
) -> None:
    """Turn the draft into a report; ``named`` are the ids of staff who got the name.

    Args:
        code_row: the code, where it was made just now.
    """
    story = opened[keys.STORY]
    custody.record_event(
        session,
        CustodyKind.REPORT_RECEIVED,
        school_id=report.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report.id,
        about=named_in_log(session, report, [item.row for item in opened.values()]),
    )
    if code_row is not None:
        issuing.note(session, code_row, story, case_id=case.id, actor=custody.REPORTER, now=now)
    if named:
        note_sharing(session, case, report.id, story, named, now)
    report_id = report.id
    report.status, report.kept_until = SENT, None
    report.sent_at = records.whole_hour(now)
    report.case_id = case.id
    try:
        session.flush()
    except (IntegrityError, StaleDataError) as error:
        # Of two taps the second one's inserts may come first; so may a label taken just now.
        raise ConflictError(report_id) from error


def _let_go_of_draft(session: Session, draft: Draft, opened: dict[str, OpenCompartment]) -> None:
    """Delete what only the draft needed, unless it changed while it was being sent.

    An exclusion or a file taken out in another window must not be passed over, nor an entry. From
    now on a code opens no file any more, and no recovery holder's compartment.
    """
    compartment = opened[drafts.DRAFT].row
    by_code = (keys.STORY, keys.IDENTITY)
    others = [item.row.id for kind, item in opened.items() if kind not in by_code]
    keys.unwrap(session, others, holder_kind=keys.CODE)
    written = select(Record.id).where(
        Record.report_id == draft.report_id, Record.kind == drafts.ENTRY
    )
    if set(session.scalars(written)) != {entry.id for entry in draft.entries}:
        raise ConflictError(draft.report_id)
    kept = delete(Record).where(Record.compartment_id == compartment.id, Record.seq == draft.seq)
    found = select(EvidenceItem.id).where(EvidenceItem.report_id == draft.report_id)
    unchanged = bool(session.execute(kept).rowcount)  # type: ignore[attr-defined]  # as above
    if not unchanged or set(session.scalars(found)) != {item.id for item in draft.files}:
        raise ConflictError(draft.report_id)
    session.execute(delete(Compartment).where(Compartment.id == compartment.id))


def named_in_log(
    session: Session, report: Report, compartments: Iterable[Compartment]
) -> list[str]:
    """Give report id, its keys and the ciphertext hashes of what it holds, for the log to bind."""
    stored = select(Record.ciphertext_sha256).where(Record.report_id == report.id)
    added = [row.ciphertext_sha256 for row in session.new if isinstance(row, Record)]
    marks = [vouching.mark(row) for row in compartments if row.kind != drafts.DRAFT]
    return [report.id, *sorted({*session.scalars(stored), *added}), *marks]


def _keep_receipt(live: SealedSession, result: Receipt) -> None:
    live.data["receipt"] = {
        "code": result.code,
        "label": result.label,
        "readers": [asdict(item) for item in result.readers],
        "answer_by": result.answer_by.isoformat(),
        "files": [asdict(item) for item in result.files],
    }
    live.data["keys"] = {}
    sessions.save(live)


def _label() -> str:
    """Make the name of a case: random, so that it does not tell how many there are."""
    body = "".join(secrets.choice(codes.ALPHABET) for _ in range(LABEL_LENGTH))
    return f"{body[:3]}-{body[3:]}"
