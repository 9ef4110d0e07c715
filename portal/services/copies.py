"""What stays for readers of a sealed item: a cleaned copy, or the rest of a zip.

The rest of a zip is a copy without the members that nobody should see, each of the others packed
as it was. It is made in the session of a reader; nothing in it is unpacked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from evidence_store.inspect import Listed, Rest, list_members, make_without
from evidence_store.inspect.archives import ZIP
from evidence_store.inspect.sandbox import BytesSource
from portal.domain.custody_kinds import CustodyKind
from portal.services import derivatives, evidence
from portal.services.errors import NotFoundError
from portal.services.evidence import OpenItem
from portal.services.staff import StaffActor


def cleaned(
    session: Session, *, actor: StaffActor, item: OpenItem, now: datetime
) -> tuple[bytes, str]:
    """Give the cleaned copy of what is kept for the police.

    Raises:
        NotFoundError: when there is none.
    """
    made = derivatives.of(session, item.row, derivatives.CLEANED)
    if made is None or not item.sealed or evidence.is_intimate(item):
        raise NotFoundError(item.row.id)
    evidence.log_handling(session, item, actor, CustodyKind.EVIDENCE_PREVIEWED, now)
    return derivatives.opened(made, item.identity), made.media_type


def rest(session: Session, *, actor: StaffActor, item: OpenItem, now: datetime) -> bytes:
    """Give what else was in a zip of which something was closed.

    Raises:
        NotFoundError: when there is no such copy.
    """
    data = _rest_of(session, item)
    evidence.log_handling(session, item, actor, CustodyKind.EVIDENCE_PREVIEWED, now)
    return data


def members(session: Session, store: EvidenceStore, item: OpenItem) -> list[Listed]:
    """List what is in a zip, or in what is left of it, to point at what nobody should see."""
    if item.sealed.get("rest"):
        return list_members(BytesSource(_rest_of(session, item)))
    inspection = item.body.get("inspection") or {}
    if item.withheld or inspection.get("type") != ZIP:
        return []
    with evidence.reader(store, item) as source:
        return list_members(source)


def meant(
    session: Session, store: EvidenceStore, item: OpenItem, places: Collection[int]
) -> list[Listed]:
    """Find what was pointed at; nothing, and so all of it, where that is not clear."""
    if not places:
        return []
    found = [one for one in members(session, store, item) if one.place in places]
    return found if len(found) == len(set(places)) else []


def less(session: Session, item: OpenItem, places: Sequence[int]) -> Rest | None:
    """Make the rest of a rest; None where nothing can be left."""
    if not places or not item.sealed.get("rest"):
        return None
    try:
        return make_without(BytesSource(_rest_of(session, item)), places)
    except (NotFoundError, EvidenceStoreError):
        return None


def _rest_of(session: Session, item: OpenItem) -> bytes:
    made = derivatives.of(session, item.row, derivatives.REST)
    if made is None or not item.sealed.get("rest"):
        raise NotFoundError(item.row.id)
    return derivatives.opened(made, item.identity)
