"""Sessions, records, wraps and the log: what a copy of the database does not give."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from evidence_store import Identity, NoMatchError, decrypt
from portal.domain.custody_kinds import CustodyKind
from portal.models import (
    CustodyEvent,
    LiveSession,
    Record,
    RecoveryHolder,
    Report,
    StaffMember,
    Wrap,
    new_id,
)
from portal.services import custody, keys, records, sessions, transaction
from portal.services.errors import NotFoundError, RecordMismatchError
from portal.services.schools import SchoolView
from tests.evidence_store import log_suite
from tests.services.conftest import NOW


def begin(session: Session, school: SchoolView, **data: object) -> sessions.SealedSession:
    live = sessions.begin(session, kind="draft", school_id=school.id, data=dict(data), now=NOW)
    transaction.commit(session)
    return live


def test_another_worker_opens_a_session_with_the_cookie_alone(
    factory: sessionmaker[Session], session: Session, school: SchoolView
) -> None:
    live = begin(session, school, secret="blauwe-fiets")
    with factory() as elsewhere:
        found = sessions.resume(elsewhere, cookie=live.cookie, school_id=school.id, now=NOW)
        assert found is not None
        assert found.data == {"secret": "blauwe-fiets"}
        assert found.csrf_token == live.csrf_token


def test_the_row_of_a_session_does_not_open_it(session: Session, school: SchoolView) -> None:
    live = begin(session, school, secret="blauwe-fiets")
    row = session.scalars(select(LiveSession)).one()
    stored = b"".join([row.sealed, row.key.encode()])
    assert b"blauwe-fiets" not in stored
    assert live.cookie not in stored
    assert live.cookie.hex().encode() not in stored


@pytest.mark.parametrize(
    ("kind", "later", "alive"),
    [
        ("draft", timedelta(minutes=119), True),
        ("draft", timedelta(minutes=121), False),
        ("staff", timedelta(minutes=14), True),
        ("staff", timedelta(minutes=16), False),
    ],
)
def test_a_session_ends_by_itself(
    session: Session, school: SchoolView, kind: str, later: timedelta, alive: bool
) -> None:
    live = sessions.begin(session, kind=kind, school_id=school.id, data={}, now=NOW)
    transaction.commit(session)
    found = sessions.resume(session, cookie=live.cookie, school_id=school.id, now=NOW + later)
    assert (found is not None) is alive


def test_a_session_of_one_school_is_nothing_at_another(
    session: Session, school: SchoolView
) -> None:
    live = begin(session, school)
    assert sessions.resume(session, cookie=live.cookie, school_id="other", now=NOW) is None


def compartment(session: Session, school: SchoolView) -> keys.OpenCompartment:
    report = Report(id=new_id(), school_id=school.id, begun_at=NOW)
    session.add(report)
    return keys.new_compartment(session, school_id=school.id, kind=keys.STORY, report_id=report.id)


def test_a_record_swapped_for_another_is_refused(session: Session, school: SchoolView) -> None:
    story = compartment(session, school)
    one = records.add_record(session, story, {"text": "een"}, kind="note", now=NOW)
    two = records.add_record(session, story, {"text": "twee"}, kind="note", now=NOW)
    transaction.commit(session)
    session.execute(update(Record).where(Record.id == one.id).values(ciphertext=two.ciphertext))
    session.commit()
    session.refresh(one)
    with pytest.raises(RecordMismatchError):
        records.open_record(one, story.identity)
    assert records.open_record(two, story.identity) == {"text": "twee"}


def test_sizes_of_records_tell_little(session: Session, school: SchoolView) -> None:
    story = compartment(session, school)
    sizes = {
        len(records.add_record(session, story, {"t": "x" * n}, kind="note", now=NOW).ciphertext)
        for n in range(60, 240)
    }
    assert len(sizes) == 1


def test_a_wrap_opens_for_its_holder_only(session: Session, school: SchoolView) -> None:
    story = compartment(session, school)
    holder, other = Identity.generate(), Identity.generate()
    row = keys.wrap(
        session, story, holder_kind="staff", holder_id="a", recipient=str(holder.recipient)
    )
    assert str(keys.open_wrap(row, story.row, holder).identity) == str(story.identity)
    with pytest.raises(NotFoundError):
        keys.open_wrap(row, story.row, other)


def test_a_wrap_moved_to_another_compartment_is_refused(
    session: Session, school: SchoolView
) -> None:
    story, other = compartment(session, school), compartment(session, school)
    holder = Identity.generate()
    row = keys.wrap(
        session, story, holder_kind="staff", holder_id="a", recipient=str(holder.recipient)
    )
    with pytest.raises((NotFoundError, RecordMismatchError)):
        keys.open_wrap(row, other.row, holder)


def holders(session: Session, school: SchoolView, staff: list[str | None]) -> list[Identity]:
    identities = [Identity.generate() for _ in staff]
    for number, (identity, staff_id) in enumerate(zip(identities, staff, strict=True)):
        session.add(
            RecoveryHolder(
                id=f"{number:026d}",
                school_id=school.id,
                name=f"Houder {number}",
                recipient=str(identity.recipient),
                staff_id=staff_id,
            )
        )
    session.flush()
    return identities


def test_two_recovery_holders_open_a_key_and_one_does_not(
    session: Session, school: SchoolView, tmp_path: Path
) -> None:
    identities = holders(session, school, [None, None, None])
    story = compartment(session, school)
    rows = list(session.scalars(select(RecoveryHolder).order_by(RecoveryHolder.id)))
    wraps = keys.wrap_to_pairs(session, story, rows)
    assert len(wraps) == 3
    for wrap, (first, second) in zip(wraps, combinations(identities, 2), strict=True):
        with pytest.raises(NoMatchError):
            decrypt(wrap.sealed, [second])
        inner = decrypt(wrap.sealed, [first])
        with pytest.raises(NoMatchError):
            decrypt(inner, [first])
        assert str(story.identity).encode() in decrypt(inner, [second])
    assert str(story.identity).encode() in stock_age(wraps[0].sealed, identities[:2], tmp_path)


def stock_age(data: bytes, identities: list[Identity], folder: Path) -> bytes:
    for number, identity in enumerate(identities):
        file = folder / f"{number}.txt"
        file.write_text(f"{identity}\n")
        data = subprocess.run(
            ["age", "-d", "-i", str(file)], input=data, capture_output=True, check=True
        ).stdout
    return data


def test_an_excluded_recovery_holder_is_in_no_pair(session: Session, school: SchoolView) -> None:
    member = StaffMember(school_id=school.id, code="x", login="x", name="X", email="x@x.example")
    session.add(member)
    session.flush()
    holders(session, school, [member.id, None, None])
    rows = list(session.scalars(select(RecoveryHolder).order_by(RecoveryHolder.id)))
    wraps = keys.wrap_to_pairs(
        session, compartment(session, school), rows, excluded_staff=[member.id]
    )
    assert [wrap.holder_id for wrap in wraps] == [f"{rows[1].id}+{rows[2].id}"]


def log_event(session: Session, school: SchoolView, about: str) -> None:
    custody.record_event(
        session,
        CustodyKind.ROSTER_CHANGED,
        school_id=school.id,
        actor=custody.SYSTEM,
        now=NOW,
        about=[about],
    )


def test_events_stand_in_the_tree_only_when_the_change_does(
    session: Session, school: SchoolView
) -> None:
    log_event(session, school, "a")
    transaction.rollback(session)
    assert custody.SqlLog(session, school.id).peek().size == 0
    log_event(session, school, "b")
    log_event(session, school, "c")
    transaction.commit(session)
    rows = list(session.scalars(select(CustodyEvent).order_by(CustodyEvent.position)))
    assert [row.position for row in rows] == [0, 1]
    assert custody.SqlLog(session, school.id).peek().size == 2


@pytest.mark.parametrize("check", log_suite.ALL, ids=lambda check: check.__name__)
def test_the_sql_log_is_a_log_store(
    check: Callable[[log_suite.Opened], None], factory: sessionmaker[Session], school: SchoolView
) -> None:
    @contextmanager
    def opened() -> Iterator[custody.SqlLog]:
        with factory() as own:
            yield custody.SqlLog(own, school.id)
            transaction.commit(own)

    check(opened)


def test_thirty_writers_at_once_lose_no_event(
    factory: sessionmaker[Session], school: SchoolView
) -> None:
    def write(number: int) -> None:
        with factory() as own:
            log_event(own, school, str(number))
            transaction.commit(own)

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(write, range(30)))
    with factory() as own:
        positions = sorted(own.scalars(select(CustodyEvent.position)))
        assert positions == list(range(30))
        assert custody.SqlLog(own, school.id).peek().size == 30


def test_wraps_of_a_case_do_not_open_with_the_database_alone(
    session: Session, school: SchoolView
) -> None:
    story = compartment(session, school)
    holder = Identity.generate()
    keys.wrap(session, story, holder_kind="staff", holder_id="a", recipient=str(holder.recipient))
    transaction.commit(session)
    stored = b"".join(session.scalars(select(Wrap.sealed)))
    assert str(story.identity).encode() not in stored
