"""Taking in, giving out, checking and destroying originals."""

import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import (
    DamagedError,
    EmptyFileError,
    EvidenceStore,
    Identity,
    Intake,
    InvalidKeyError,
    LocalBackend,
    MemoryBackend,
    NoMatchError,
    NotFoundError,
    PayloadError,
    StoredItem,
    TooLargeError,
    new_id,
)
from evidence_store.backends.memory import MemoryPart
from evidence_store.sink import BUFFER_SIZE

IDENTITY = Identity.from_secret(b"\x09" * 32)
TO = [IDENTITY.recipient]
CHUNK = 65536
PER_BUFFER = BUFFER_SIZE // (CHUNK + 16) * CHUNK
BORDERS = [1, CHUNK - 1, CHUNK, CHUNK + 1, PER_BUFFER, PER_BUFFER + 1]
BORDERS += [PER_BUFFER + CHUNK - 1, PER_BUFFER + CHUNK, PER_BUFFER + CHUNK + 1, 9 * PER_BUFFER + 7]
SAMPLE = os.urandom(max(BORDERS))
ROOT = Path(__file__).parents[2]


class FullError(OSError):
    """What a full disk says."""


class FullBackend(MemoryBackend):
    """A place where only so many bytes fit."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def begin(self, name: str) -> MemoryPart:
        return FullPart(self, name)


class FullPart(MemoryPart):
    def append(self, frame: bytes | memoryview, /) -> None:
        self._backend.room -= len(frame)
        if self._backend.room < 0:
            raise FullError
        super().append(frame)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(LocalBackend(tmp_path / "store"))


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def object_path(tmp_path: Path, item_id: str) -> Path:
    return tmp_path / "store" / item_id[:2] / item_id


@pytest.mark.parametrize("size", BORDERS)
def test_an_original_comes_back_as_it_came(size: int, store: EvidenceStore) -> None:
    item = store.take_in(io.BytesIO(SAMPLE[:size]), TO)
    assert (item.size, item.sha256) == (size, hashlib.sha256(SAMPLE[:size]).hexdigest())
    with store.open(item.id, [IDENTITY]) as original:
        assert original.read() == SAMPLE[:size]
    assert store.ciphertext_sha256(item.id) == item.ciphertext_sha256
    store.verify(item.id)
    report = store.fsck(read_all=True)
    assert (report.ok, report.objects, report.orphans, report.parts) == (True, (item.id,), (), ())


@pytest.mark.parametrize("size", [1, CHUNK, 3_000_000])
def test_the_stock_tool_opens_an_object(size: int, store: EvidenceStore, tmp_path: Path) -> None:
    item = store.take_in(io.BytesIO(SAMPLE[:size]), TO)
    key = tmp_path / "key.txt"
    key.write_text(f"{IDENTITY}\n")
    path = object_path(tmp_path, item.id)
    done = subprocess.run(["age", "-d", "-i", key, path], capture_output=True, check=True)
    assert done.stdout == SAMPLE[:size]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == item.ciphertext_sha256
    assert path.stat().st_size == item.ciphertext_size


@given(st.lists(st.sampled_from([0, 1, 777, CHUNK, CHUNK + 1, PER_BUFFER, 2 * PER_BUFFER + 3])))
def test_pieces_of_any_size(sizes: list[int]) -> None:
    store = EvidenceStore(MemoryBackend())
    digest = hashlib.sha256()
    with store.begin(TO, limit=None) as intake:
        for size in sizes:
            piece = SAMPLE[:size]
            digest.update(piece)
            intake.write(memoryview(bytearray(piece)))
        assert intake.size == sum(sizes)
        if not sum(sizes):
            with pytest.raises(EmptyFileError):
                intake.finish()
            return
        item = intake.finish()
    assert (item.sha256, item.size) == (digest.hexdigest(), sum(sizes))
    with store.open(item.id, [IDENTITY]) as original:
        assert hashlib.sha256(original.read()).hexdigest() == item.sha256


def test_a_small_file_does_not_pay_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(self: threading.Thread) -> None:
        raise AssertionError

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    EvidenceStore(MemoryBackend()).take_in(io.BytesIO(SAMPLE[:PER_BUFFER]), TO)


def test_ids_are_random_and_nothing_of_the_plaintext_is_in_clear(
    store: EvidenceStore, tmp_path: Path
) -> None:
    items = [store.take_in(io.BytesIO(b"het verhaal van Noor"), TO) for _ in range(2)]
    assert items[0].id != items[1].id
    assert items[0].ciphertext_sha256 != items[1].ciphertext_sha256
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            assert b"Noor" not in path.read_bytes()
            assert items[0].sha256.encode() not in path.read_bytes()
            assert bytes.fromhex(items[0].sha256) not in path.read_bytes()


def test_the_caller_may_choose_the_id(store: EvidenceStore) -> None:
    chosen = new_id()
    with store.begin(TO, limit=None, item_id=chosen) as intake:
        intake.write(b"data")
        assert intake.finish().id == chosen
    with store.begin(TO, limit=None, item_id=chosen) as intake:
        intake.write(b"other")
        with pytest.raises(FileExistsError):
            intake.finish()
    assert store.open(chosen, [IDENTITY]).read() == b"data"
    for wrong in ("", "../x", chosen + ".digest"):
        with pytest.raises(NotFoundError):
            store.begin(TO, limit=None, item_id=wrong)


def test_empty_and_refused_files_leave_nothing(store: EvidenceStore, tmp_path: Path) -> None:
    with pytest.raises(EmptyFileError):
        store.take_in(io.BytesIO(), TO)
    with pytest.raises(InvalidKeyError):
        store.take_in(io.BytesIO(b"data"), [])
    with pytest.raises(TooLargeError):
        store.take_in(io.BytesIO(b"data"), TO, limit=3)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("limit", [10, CHUNK, 3 * PER_BUFFER])
def test_the_limit(limit: int, store: EvidenceStore) -> None:
    assert store.take_in(io.BytesIO(SAMPLE[:limit]), TO, limit=limit).size == limit
    intake = store.begin(TO, limit=limit)
    intake.write(SAMPLE[:limit])
    with pytest.raises(TooLargeError):
        intake.write(b"!")
    with pytest.raises(ValueError, match="over"):
        intake.write(b"")
    with pytest.raises(ValueError, match="over"):
        intake.finish()
    report = store.fsck()
    assert (len(report.objects), report.orphans, report.parts) == (1, (), ())


def test_a_broken_off_file_leaves_nothing(store: EvidenceStore) -> None:
    def broken_off() -> None:
        with store.begin(TO, limit=None) as intake:
            intake.write(SAMPLE)
            assert len(store.fsck().parts) == 1
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken_off()
    report = store.fsck()
    assert (report.objects, report.orphans, report.parts) == ((), (), ())


def test_leaving_without_finish_aborts(store: EvidenceStore) -> None:
    with store.begin(TO, limit=None) as intake:
        intake.write(SAMPLE)
    assert store.fsck().parts == ()


@pytest.mark.parametrize(
    ("size", "room"),
    [
        (10, 0),
        (10, 300),  # the object fits, its record does not
        (9 * PER_BUFFER, 300),
        (9 * PER_BUFFER, PER_BUFFER),
        (9 * PER_BUFFER, 3 * PER_BUFFER),
        (9 * PER_BUFFER, 9 * PER_BUFFER),
    ],
)
def test_a_full_disk_is_told(size: int, room: int) -> None:
    backend = FullBackend(room)
    with pytest.raises(FullError):
        EvidenceStore(backend).take_in(io.BytesIO(SAMPLE[:size]), TO)
    assert (backend.objects, backend.unfinished) == ({}, {})


def write_on(intake: Intake) -> None:
    for _ in range(1000):
        intake.write(SAMPLE[:PER_BUFFER])


def test_an_error_of_the_writing_thread_surfaces_in_write() -> None:
    with EvidenceStore(FullBackend(2 * PER_BUFFER)).begin(TO, limit=None) as intake:
        with pytest.raises(FullError):
            write_on(intake)
        assert intake.size < 20 * PER_BUFFER


def test_other_keys_do_not_open(store: EvidenceStore) -> None:
    item = store.take_in(io.BytesIO(b"data"), TO)
    with pytest.raises(NoMatchError):
        store.open(item.id, [Identity.generate()])


def test_destroy(store: EvidenceStore, tmp_path: Path) -> None:
    kept, gone = (store.take_in(io.BytesIO(b"data"), TO) for _ in range(2))
    store.destroy(gone.id)
    assert store.fsck().objects == (kept.id,)
    assert gone.id not in "".join(str(path) for path in tmp_path.rglob("*"))
    for call in (store.destroy, store.verify, store.ciphertext_sha256):
        with pytest.raises(NotFoundError):
            call(gone.id)
    with pytest.raises(NotFoundError):
        store.open(gone.id, [IDENTITY])


def damaged(store: EvidenceStore, *, read_all: bool) -> list[tuple[str, str]]:
    report = store.fsck(read_all=read_all)
    assert report.ok == (not report.damage)
    return [(damage.id, damage.code) for damage in report.damage]


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("position", [0, 30, 100, 170, 200, 100_000, -1])
def test_fsck_finds_a_flipped_bit(position: int, store: EvidenceStore, tmp_path: Path) -> None:
    store.take_in(io.BytesIO(b"another"), TO)
    item = store.take_in(io.BytesIO(SAMPLE[:200_000]), TO)
    flip(object_path(tmp_path, item.id), position)
    assert [found for found, _ in damaged(store, read_all=True)] == [item.id]
    with pytest.raises(DamagedError):
        store.verify(item.id)


def test_fsck_names_each_damage(store: EvidenceStore, tmp_path: Path) -> None:
    items = [store.take_in(io.BytesIO(SAMPLE[:100_000]), TO) for _ in range(6)]
    paths = [object_path(tmp_path, item.id) for item in items]
    records = [path.with_name(path.name + ".digest") for path in paths]
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes()[:-65552])
    flip(paths[2], -1)
    records[3].write_bytes(b"{}")
    flip(paths[4], 3)
    codes = ["missing", "size", "content", "record", "header"]
    expected = sorted((item.id, code) for item, code in zip(items, codes, strict=False))
    assert damaged(store, read_all=True) == expected
    assert damaged(store, read_all=False) == [pair for pair in expected if pair[1] != "content"]


@pytest.mark.parametrize(
    "record",
    [b"", b"[]", b'{"sha256":"00","size":1,"v":1}', b'{"sha256":1,"size":1,"v":1}']
    + [b'{"sha256":"' + b"0" * 64 + b'","size":true,"v":1}', b"\xff", b"x" * 10_000]
    + [b'{"sha256":"' + b"0" * 64 + b'","size":1,"v":2}'],
)
def test_fsck_finds_a_broken_record(record: bytes, store: EvidenceStore, tmp_path: Path) -> None:
    item = store.take_in(io.BytesIO(b"data"), TO)
    path = object_path(tmp_path, item.id)
    path.with_name(path.name + ".digest").write_bytes(record)
    assert damaged(store, read_all=False) == [(item.id, "record")]


def test_orphans_and_parts_are_listed_and_no_damage(store: EvidenceStore, tmp_path: Path) -> None:
    item = store.take_in(io.BytesIO(b"data"), TO)
    path = object_path(tmp_path, item.id)
    path.with_name(path.name + ".digest").unlink()
    begun = LocalBackend(tmp_path / "store").begin(new_id())
    report = store.fsck(read_all=True)
    assert report.ok
    assert (report.objects, report.orphans, len(report.parts)) == ((), (item.id,), 1)
    begun.abort()


def test_a_copied_store_is_a_store(store: EvidenceStore, tmp_path: Path) -> None:
    item = store.take_in(io.BytesIO(b"data"), TO)
    subprocess.run(["cp", "-r", tmp_path / "store", tmp_path / "copy"], check=True)
    copy = EvidenceStore(LocalBackend(tmp_path / "copy"))
    assert copy.fsck(read_all=True).objects == (item.id,)
    assert copy.open(item.id, [IDENTITY]).read() == b"data"


def test_reading_a_damaged_object_fails_at_the_damage(store: EvidenceStore, tmp_path: Path) -> None:
    item = store.take_in(io.BytesIO(SAMPLE[:300_000]), TO)
    flip(object_path(tmp_path, item.id), 150_000)
    original = store.open(item.id, [IDENTITY])
    assert original.read_at(0, CHUNK) == SAMPLE[:CHUNK]
    with pytest.raises(PayloadError):
        original.read_at(2 * CHUNK, 10)


def test_many_at_once(store: EvidenceStore) -> None:
    items: list[StoredItem] = []

    def take_in(number: int) -> None:
        items.append(store.take_in(io.BytesIO(SAMPLE[: number * 300_000 + 1]), TO))

    threads = [threading.Thread(target=take_in, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.fsck(read_all=True).objects) == len(items) == 12
    assert all(store.open(item.id, [IDENTITY]).readall()[: item.size] for item in items)


MEASURE = """
import sys
from pathlib import Path
from evidence_store import EvidenceStore, Identity, LocalBackend

class Source:
    def __init__(self, size):
        self.left = size
    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

def written():
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))

store = EvidenceStore(LocalBackend(sys.argv[1]))
to = [Identity.generate().recipient]
store.take_in(Source(1000), to)
memory, before = status("VmRSS"), written()
store.take_in(Source(int(sys.argv[2])), to)
print(status("VmHWM") - memory, written() - before)
"""


def test_memory_and_bytes_written_stay_in_bounds(tmp_path: Path) -> None:
    size = 192 << 20
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "store"), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    growth, written = map(int, done.stdout.split())
    assert growth <= 16 << 20
    assert size < written <= 1.05 * size
