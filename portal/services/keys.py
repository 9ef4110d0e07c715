"""Compartments and wraps: who can open what.

A compartment is an age identity of its own. Its secret half exists only inside wraps: age
files to a member of staff, a reporter's code, a case key, or a pair of recovery holders.
Excluded people never receive a wrap: exclusion is cryptography, not a condition in code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import Identity, NoMatchError, Recipient, encrypt
from portal.models import Compartment, RecoveryHolder, Wrap, new_id
from portal.services import records, vouching
from portal.services.errors import NotFoundError, RecordMismatchError

STORY, EVIDENCE, IDENTITY, SEALED, CASE = "story", "evidence", "identity", "sealed", "case"
MELDCODE = "meldcode"
STAFF, CODE, CASE_KEY, PAIR = "staff", "code", "case", "pair"
OpenCompartment = records.OpenCompartment


def new_compartment(
    session: Session,
    *,
    school_id: str,
    kind: str,
    report_id: str | None = None,
    case_id: str | None = None,
    epoch: int = 1,
) -> OpenCompartment:
    """Make a compartment and its key; the secret is nowhere until somebody is given a wrap."""
    identity = Identity.generate()
    row = Compartment(
        id=new_id(),
        school_id=school_id,
        kind=kind,
        report_id=report_id,
        case_id=case_id,
        epoch=epoch,
        recipient=str(identity.recipient),
    )
    session.add(row)
    return OpenCompartment(row, identity)


def wrap(
    session: Session,
    opened: OpenCompartment,
    *,
    holder_kind: str,
    holder_id: str,
    recipient: str,
) -> Wrap:
    """Give one holder the secret half of a compartment."""
    row = Wrap(
        id=new_id(),
        school_id=opened.row.school_id,
        compartment_id=opened.row.id,
        holder_kind=holder_kind,
        holder_id=holder_id,
        sealed=b"",
    )
    row.sealed = _seal_secret(opened, row, recipient)
    session.add(row)
    return row


def wrap_to_pairs(
    session: Session,
    opened: OpenCompartment,
    holders: Sequence[RecoveryHolder],
    *,
    excluded_staff: Iterable[str] = (),
) -> list[Wrap]:
    """Give every pair of recovery holders the secret half, age inside age.

    A holder who is excluded is in no pair. With the stock tool: the first holder (the lower id)
    opens the outer file, the second the inner one.
    """
    shut_out = set(excluded_staff)
    allowed = [holder for holder in holders if holder.staff_id not in shut_out]
    wraps = []
    for first, second in combinations(sorted(allowed, key=lambda holder: holder.id), 2):
        row = Wrap(
            id=new_id(),
            school_id=opened.row.school_id,
            compartment_id=opened.row.id,
            holder_kind=PAIR,
            holder_id=f"{first.id}+{second.id}",
            sealed=b"",
        )
        inner = _seal_secret(opened, row, second.recipient)
        row.sealed = encrypt(inner, [Recipient.parse(first.recipient)])
        session.add(row)
        wraps.append(row)
    return wraps


def _seal_secret(opened: OpenCompartment, row: Wrap, recipient: str) -> bytes:
    return records.seal(
        recipient,
        {
            "compartment": opened.row.id,
            "epoch": opened.row.epoch,
            "to": f"{row.holder_kind}:{row.holder_id}",
            "identity": str(opened.identity),
        },
        kind="wrap",
        school_id=row.school_id,
        owner_id=records.owner_of(opened.row),
        record_id=row.id,
    )


def unwrap(
    session: Session, compartment_ids: Iterable[str], *, holder_kind: str, holder_id: str = ""
) -> None:
    """Take the wraps of one holder, or of all holders of a kind, away."""
    rows = delete(Wrap).where(
        Wrap.compartment_id.in_(list(compartment_ids)), Wrap.holder_kind == holder_kind
    )
    session.execute(rows.where(Wrap.holder_id == holder_id) if holder_id else rows)


def open_wrap(row: Wrap, compartment: Compartment, identity: Identity) -> OpenCompartment:
    """Open a wrap with its holder's identity and check that it is the one it says.

    Raises:
        NotFoundError: when the identity does not open it.
        RecordMismatchError: when the wrap belongs elsewhere.
    """
    try:
        body = records.unseal(
            identity,
            row.sealed,
            kind="wrap",
            school_id=row.school_id,
            owner_id=records.owner_of(compartment),
            record_id=row.id,
            vouched=True,  # by its public half, below: nobody else knows a secret that fits
        )
    except NoMatchError as error:
        raise NotFoundError(row.id) from error
    secret = Identity.parse(str(body["identity"]))
    if body["compartment"] != compartment.id or str(secret.recipient) != compartment.recipient:
        raise NotFoundError(row.id)
    return OpenCompartment(compartment, secret)


def has_wrap(session: Session, compartment: Compartment, staff_id: str) -> bool:
    """Whether a member of staff holds a wrap of a compartment."""
    query = select(Wrap.id).where(
        Wrap.compartment_id == compartment.id,
        Wrap.holder_kind == STAFF,
        Wrap.holder_id == staff_id,
    )
    return session.scalar(query) is not None


def open_for(
    session: Session,
    *,
    school_id: str,
    holder_kind: str,
    holder_id: str,
    identity: Identity,
    report_id: str | None = None,
    case_id: str | None = None,
) -> list[OpenCompartment]:
    """Open every compartment of a report or case that this holder has a wrap of.

    Compartments that the log does not name are left out: somebody put them there.
    """
    query = (
        select(Wrap, Compartment)
        .join(
            Compartment,
            (Compartment.id == Wrap.compartment_id) & (Compartment.school_id == Wrap.school_id),
        )
        .where(
            Wrap.school_id == school_id,
            Wrap.holder_kind == holder_kind,
            Wrap.holder_id == holder_id,
        )
        .order_by(Compartment.epoch)
    )
    if report_id is not None:
        query = query.where(Compartment.report_id == report_id)
    if case_id is not None:
        query = query.where(Compartment.case_id == case_id)
    found = {compartment: row for row, compartment in session.execute(query)}
    if not found:
        return []
    sound = vouching.vouched(
        session, found, school_id=school_id, report_id=report_id, case_id=case_id
    )
    return [open_wrap(found[compartment], compartment, identity) for compartment in sound]


def with_secret(row: Compartment, secret: str) -> OpenCompartment:
    """Put a compartment and the secret half that a session holds together.

    Raises:
        RecordMismatchError: the public half in the database is another one: what is sealed to it
            would be for whoever put it there.
    """
    identity = Identity.parse(secret)
    if str(identity.recipient) != row.recipient:
        raise RecordMismatchError(row.id)
    return OpenCompartment(row, identity)


def newest(compartments: Iterable[Compartment], kind: str) -> Compartment:
    """Find the compartment of a kind that is written to now: the one of the highest epoch."""
    candidates = [row for row in compartments if row.kind == kind]
    if not candidates:
        raise NotFoundError(kind)
    return max(candidates, key=lambda row: row.epoch)


def compartments_of_report(session: Session, school_id: str, report_id: str) -> list[Compartment]:
    """List the public halves of a report's compartments."""
    query = select(Compartment).where(
        Compartment.school_id == school_id, Compartment.report_id == report_id
    )
    return list(session.scalars(query))


def compartments_of_case(session: Session, school_id: str, case_id: str) -> list[Compartment]:
    """List the public halves of a case's compartments."""
    query = select(Compartment).where(
        Compartment.school_id == school_id, Compartment.case_id == case_id
    )
    return list(session.scalars(query))
