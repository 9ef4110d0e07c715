"""A draft against somebody who changes public halves in the database while it is being told."""

import pytest
from sqlalchemy import select

from evidence_store import Identity
from portal.models import Compartment, new_id
from portal.services import drafts, keys, transaction
from portal.services.errors import RecordMismatchError
from tests.services import world as told

FILE = ("foto.txt", b"dit is bewijs")


def swap(session, live, kind):
    """Put another public half in the place of the draft's own."""
    row = compartment(session, live, kind)
    row.recipient = str(Identity.generate().recipient)
    transaction.commit(session)


def put_newer(session, live, kind):
    """Add a newer epoch with another public half."""
    row = compartment(session, live, kind)
    added = Compartment(
        id=new_id(),
        school_id=row.school_id,
        kind=kind,
        report_id=row.report_id,
        epoch=row.epoch + 1,
        recipient=str(Identity.generate().recipient),
    )
    session.add(added)
    transaction.commit(session)


def compartment(session, live, kind):
    query = select(Compartment).where(
        Compartment.report_id == live.data["report"], Compartment.kind == kind
    )
    return session.scalars(query).one()


@pytest.mark.parametrize("change", [swap, put_newer])
@pytest.mark.parametrize("kind", [keys.EVIDENCE, keys.STORY])
def test_no_file_is_sealed_to_a_foreign_key(world, session, plain_inspection, change, kind):
    live = told.begin(world, session, told.answers(world))
    change(session, live, kind)
    with pytest.raises(RecordMismatchError):
        told.upload(world, session, live, FILE)
    transaction.rollback(session)


def test_no_answer_is_sealed_to_a_foreign_key(world, session):
    live = told.begin(world, session, told.answers(world))
    swap(session, live, drafts.DRAFT)
    with pytest.raises(RecordMismatchError):
        told.answer(session, live, "story", "Dit is van mij.")
    transaction.rollback(session)
