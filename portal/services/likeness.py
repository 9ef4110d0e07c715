"""Looking at a picture in a reader's session, and remembering by what it is recognised."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.services import cards, case_keys, evidence
from portal.services.evidence import OpenItem
from portal.services.staff import StaffActor


def show(
    session: Session,
    *,
    actor: StaffActor,
    store: EvidenceStore,
    item: OpenItem,
    kind: str,
    now: datetime,
) -> tuple[bytes, str]:
    """Give a preview; when a clear one was made now, its mark goes on the card of the case.

    Raises:
        NotFoundError: when none can be made of this file.
    """

    def noted(mark: str) -> list[str]:
        opened = case_keys.open_case_keys(
            session,
            school_id=actor.school_id,
            staff_id=actor.id,
            identity=actor.identity,
            case_id=item.case.id,
        )
        return cards.add_mark(session, case=item.case, opened=opened, item=item, mark=mark, now=now)

    return evidence.preview(
        session, actor=actor, store=store, item=item, kind=kind, now=now, noted=noted
    )
