"""Taking files in: what goes wrong with one hurts no other, and nothing stays behind."""

from __future__ import annotations

import errno
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from evidence_store.backends import MemoryBackend
from portal.config import Settings
from portal.models import Compartment, EvidenceItem, Record, Report
from portal.services import drafts, sessions, transaction, uploads, worker
from portal.services.errors import NotFoundError
from portal.services.sessions import SealedSession
from tests.services import world as told
from tests.services.test_sending import at_once
from tests.services.world import NOW, World

NAMES = (
    "../../etc/passwd",
    "C:\\Users\\ik\\foto.jpg",
    "foto\u202egpj.exe",
    "😶‍🌫️ " * 40,
    "",
    "  ",
    "a\tb\nc",
    "é" * 300,
)


@pytest.fixture
def live(world: World, session: Session, plain_inspection: None) -> SealedSession:
    return told.begin(world, session, told.answers(world))


def sink_of(
    world: World,
    session: Session,
    live: SealedSession,
    *pieces: bytes,
    name: str = "een.txt",
    store: EvidenceStore | None = None,
    settings: Settings | None = None,
    taken: int = 0,
) -> uploads.UploadSink:
    sink = uploads.begin(
        session,
        live=live,
        school=world.school,
        store=store or world.store,
        name=name,
        declared_type="",
        settings=settings or world.settings,
        taken=taken,
    )
    for piece in pieces:
        sink.write(piece)
    sink.finish()
    return sink


def record(
    world: World, session: Session, live: SealedSession, *sinks: uploads.UploadSink
) -> list[drafts.ListedFile]:
    listed = uploads.record(session, live=live, school=world.school, finished=sinks, now=NOW)
    transaction.commit(session)
    return listed


def objects(world: World) -> set[str]:
    report = world.store.fsck()
    assert report.ok
    return {*report.objects, *report.orphans}


def limited(file: int, report: int) -> Settings:
    return Settings(max_file_bytes=file, max_report_bytes=report)


def test_each_file_has_its_own_problem(world: World, session: Session, live: SealedSession) -> None:
    small = limited(100, 150)
    sinks = [
        sink_of(world, session, live, b"x" * 101, settings=small),
        sink_of(world, session, live, settings=small),
        sink_of(world, session, live, b"x" * 100, settings=small),
        sink_of(world, session, live, b"x" * 51, settings=small, taken=100),
        sink_of(world, session, live, b"x", settings=small, taken=150),
    ]
    assert [sink.problem for sink in sinks] == ["too_large", "empty", None, "too_large", "quota"]
    listed = record(world, session, live, *sinks)
    assert [item.size for item in listed] == [100]
    assert len(objects(world)) == 1
    after = sink_of(world, session, live, b"x" * 51, settings=small)
    assert after.problem == "too_large"
    assert sink_of(world, session, live, b"x" * 50, settings=small).problem is None


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_kept_as_it_came(
    world: World, session: Session, live: SealedSession, name: str
) -> None:
    (listed,) = record(world, session, live, sink_of(world, session, live, b"een", name=name))
    assert listed.name == name
    assert drafts.load(session, live=live).files == [listed]
    for path in world.settings.instance_dir.rglob("*"):
        assert "passwd" not in path.name


class FullDisk(MemoryBackend):
    """A backend on which nothing can be written any more."""

    def begin(self, name: str):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_loses_one_file_and_says_so(
    world: World, session: Session, live: SealedSession
) -> None:
    full = EvidenceStore(FullDisk())
    lost = sink_of(world, session, live, b"x" * 3_000_000, store=full)
    kept = sink_of(world, session, live, b"twee", name="twee.txt")
    assert lost.problem == "not_stored"
    assert [item.name for item in record(world, session, live, lost, kept)] == ["twee.txt"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "disk"), EvidenceStoreError("no child")])
def test_a_file_that_cannot_be_looked_at_is_kept(
    world: World,
    session: Session,
    live: SealedSession,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(uploads, "describe", fail)
    (listed,) = record(world, session, live, sink_of(world, session, live, b"een"))
    assert listed.size == 3


def test_uploads_at_once_are_all_listed(
    world: World, session: Session, live: SealedSession
) -> None:
    def act(place: int) -> None:
        with world.factory() as own:
            mine = told.resume(world, own, live)
            told.upload(world, own, mine, (f"{place}.txt", b"x" * (place + 1)))

    assert at_once(12, act) == [None] * 12
    session.expire_all()
    names = {item.name for item in drafts.load(session, live=live).files}
    assert names == {f"{place}.txt" for place in range(12)}


def test_a_file_taken_out_is_destroyed_when_that_is_committed(
    world: World, session: Session, live: SealedSession
) -> None:
    (one,) = told.upload(world, session, live, ("een.txt", b"een"))
    told.upload(world, session, live, ("twee.txt", b"twee"))
    uploads.remove(session, live=live, store=world.store, file_id=one.id)
    assert len(objects(world)) == 2
    transaction.rollback(session)
    assert len(objects(world)) == 2
    uploads.remove(session, live=live, store=world.store, file_id=one.id)
    transaction.commit(session)
    assert len(objects(world)) == 1
    assert [item.name for item in drafts.load(session, live=live).files] == ["twee.txt"]
    with pytest.raises(NotFoundError):
        uploads.remove(session, live=live, store=world.store, file_id=one.id)


def test_a_file_of_another_draft_cannot_be_taken_out(
    world: World, session: Session, live: SealedSession
) -> None:
    other = told.begin(world, session, told.answers(world))
    (file,) = told.upload(world, session, other, ("een.txt", b"een"))
    with pytest.raises(NotFoundError):
        uploads.remove(session, live=live, store=world.store, file_id=file.id)


def test_what_cannot_be_destroyed_fails_nothing_and_is_swept_later(
    world: World, session: Session, live: SealedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = told.upload(world, session, live, ("een.txt", b"een"))
    with monkeypatch.context() as patch:
        patch.setattr(EvidenceStore, "destroy", _refuse)
        uploads.remove(session, live=live, store=world.store, file_id=file.id)
        transaction.commit(session)
    assert drafts.load(session, live=live).files == []
    assert len(objects(world)) == 1
    sweep_twice(world, session)
    assert objects(world) == set()


def _refuse(*_args: object) -> None:
    raise OSError(errno.EIO, "disk")


def sweep_twice(world: World, session: Session) -> None:
    orphans = worker.Orphans()
    for moment in (NOW, NOW + worker.ORPHAN_AGE):
        orphans.sweep(session, store=world.store, now=moment)


def test_the_sweeper_takes_no_file_that_is_on_its_way_in(
    world: World, session: Session, live: SealedSession
) -> None:
    orphans = worker.Orphans()
    told.upload(world, session, live, ("een.txt", b"een"))
    slow = sink_of(world, session, live, b"twee", name="twee.txt")
    for hours in (0, 10, 23):
        assert orphans.sweep(session, store=world.store, now=NOW + timedelta(hours=hours)) == 0
    record(world, session, live, slow)
    assert orphans.sweep(session, store=world.store, now=NOW + timedelta(hours=30)) == 0
    assert len(objects(world)) == 2
    sink_of(world, session, live, b"drie")
    seen = NOW + timedelta(hours=40)
    assert orphans.sweep(session, store=world.store, now=seen) == 0
    assert orphans.sweep(session, store=world.store, now=seen + timedelta(minutes=5)) == 0
    assert orphans.sweep(session, store=world.store, now=seen + worker.ORPHAN_AGE) == 1
    assert len(objects(world)) == 2


def test_a_draft_wiped_while_its_file_comes_in_lists_nothing(
    world: World, session: Session, live: SealedSession
) -> None:
    sink = sink_of(world, session, live, b"een")
    with world.factory() as other:
        drafts.discard(other, live=told.resume(world, other, live), store=world.store)
        transaction.commit(other)
    session.expire_all()
    with pytest.raises(NotFoundError):
        record(world, session, live, sink)
    transaction.rollback(session)
    assert session.scalars(select(EvidenceItem)).all() == []
    sweep_twice(world, session)
    assert objects(world) == set()


def test_a_wiped_draft_leaves_nothing(world: World, session: Session, live: SealedSession) -> None:
    told.upload(world, session, live, ("een.txt", b"een"))
    drafts.discard(session, live=live, store=world.store)
    transaction.commit(session)
    for table in (Report, Record, Compartment, EvidenceItem):
        assert session.scalars(select(table)).all() == []
    assert objects(world) == set()


def test_drafts_without_a_session_are_wiped_and_others_stay(
    world: World, session: Session, live: SealedSession
) -> None:
    told.upload(world, session, live, ("een.txt", b"een"))
    kept = told.begin(world, session, told.answers(world))
    sent = told.begin(world, session, told.answers(world))
    told.send(world, session, sent)
    later = NOW + drafts.ABANDONED_AFTER + timedelta(minutes=1)
    for row in (kept.row,):
        row.ends_at = later + timedelta(hours=1)
    session.get_one(sessions.LiveSession, live.row.key).ends_at = later
    transaction.commit(session)
    assert drafts.sweep_abandoned(session, store=world.store, now=later) == 1
    transaction.commit(session)
    left = {row.id for row in session.scalars(select(Report))}
    assert left == {kept.data["report"], sent.data["report"]}
    assert objects(world) == set()
