"""The list of who is excluded, against somebody who can write to the database."""

import hashlib

import pytest

from portal.models import Case, Record
from portal.services import case_keys, exclusions, keys, records, transaction
from portal.services.errors import RecordMismatchError
from tests.services import world as told
from tests.services.test_exclusion import (
    FIRST_CLASS,
    add_reader,
    case_of,
    hand_over,
    telling,
    world_reader,
)


def forge(session, case: Case, listed: list[str]) -> None:
    """Seal another list to the public half that lies open in the database."""
    row = session.query(Record).filter_by(case_id=case.id, kind=exclusions.KIND).one()
    newest = keys.newest(keys.compartments_of_case(session, case.school_id, case.id), keys.CASE)
    row.ciphertext = records.seal(
        newest.recipient,
        {"excluded": listed},
        kind=row.kind,
        school_id=row.school_id,
        owner_id=case.id,
        record_id=row.id,
        seq=row.seq,
    )
    row.ciphertext_sha256 = hashlib.sha256(row.ciphertext).hexdigest()
    transaction.commit(session)


@pytest.mark.parametrize("verb", [hand_over, add_reader])
def test_an_emptied_list_lets_nobody_in(world, session, verb):
    out = world.ids[world.mentor_of(FIRST_CLASS)]
    receipt = told.report(world, session, telling(world, "excluded", [out]))
    case = case_of(session, receipt)
    reader = world_reader(world, session, receipt)
    forge(session, case, [])
    with pytest.raises(RecordMismatchError):
        verb(world, session, reader, case, out)
    transaction.rollback(session)


def test_the_list_that_was_sealed_is_read_back(world, session):
    out = world.ids[world.mentor_of(FIRST_CLASS)]
    receipt = told.report(world, session, telling(world, "excluded", [out]))
    case = case_of(session, receipt)
    reader = world_reader(world, session, receipt)
    opened = case_keys.open_case_keys(
        session,
        school_id=case.school_id,
        staff_id=reader.id,
        identity=reader.identity,
        case_id=case.id,
    )
    assert case_keys.excluded_staff(session, opened) == {out}
