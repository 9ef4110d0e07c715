"""Originals that come in several goes: no chunk is sealed twice, and stock age opens the result."""

import hashlib
import os
import random
import subprocess
from contextlib import closing
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import (
    ContentChangedError,
    DamagedError,
    EmptyFileError,
    EvidenceStore,
    Identity,
    LocalBackend,
    MemoryBackend,
    NotFoundError,
    OvertakenError,
    PayloadError,
    TooLargeError,
)
from evidence_store.age import CHUNK_SIZE, FRAME_SIZE

READER = Identity.generate()
TO = [READER.recipient]
BORDERS = [1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE, 3 * CHUNK_SIZE + 5]


def content(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def part_of(store: Path, name: str) -> Path:
    return store / name[:2] / f"{name}.part"


def send(store: EvidenceStore, state, data: bytes, *cuts: int):
    """Send everything; each cut is where a connection breaks off."""
    for cut in [*cuts, len(data)]:
        with store.resume(state) as intake:
            intake.write(data[intake.offset : max(cut, intake.offset)])
            if intake.complete:
                return intake.finish()
    raise AssertionError("never complete")


@given(
    size=st.one_of(st.sampled_from(BORDERS), st.integers(1, 5 * CHUNK_SIZE)),
    cuts=st.lists(st.integers(0, 5 * CHUNK_SIZE), max_size=8),
)
def test_any_cuts_give_one_age_file_that_others_open(size, cuts):
    backend = MemoryBackend()
    store, data = EvidenceStore(backend), content(size)
    state = store.begin_resumable(TO, size=size)
    item = send(store, state, data, *cuts)
    stored = backend.objects[item.id]
    other = pyrage.x25519.Identity.from_str(str(READER))
    assert pyrage.decrypt(stored, [other]) == data
    assert item.sha256 == hashlib.sha256(data).hexdigest()
    assert item.ciphertext_sha256 == hashlib.sha256(stored).hexdigest()
    assert (item.size, item.ciphertext_size) == (size, len(stored))
    assert store.fsck(read_all=True).ok


def test_stock_age_opens_a_file_that_came_in_pieces(tmp_path):
    store, data = EvidenceStore(LocalBackend(tmp_path / "store")), content(700_001)
    item = send(store, store.begin_resumable(TO, size=len(data)), data, 1, 70_000, 300_000, 650_000)
    key = tmp_path / "key"
    key.write_text(f"{READER}\n")
    path = tmp_path / "store" / item.id[:2] / item.id
    opened = subprocess.run(["age", "-d", "-i", key, path], capture_output=True, check=True).stdout
    assert opened == data


@pytest.mark.parametrize("size", BORDERS)
def test_whole_chunks_are_kept_and_the_last_counts_only_when_it_is_ended(size):
    store, data = EvidenceStore(MemoryBackend()), content(size)
    state = store.begin_resumable(TO, size=size)
    with store.resume(state) as intake:
        intake.write(data)
        assert intake.complete
        assert intake.wanted == 0
    with store.resume(state) as intake:
        assert intake.offset == (size - 1) // CHUNK_SIZE * CHUNK_SIZE
        intake.write(data[intake.offset :])
        assert intake.finish().sha256 == hashlib.sha256(data).hexdigest()
        assert intake.offset == size


@pytest.mark.parametrize("left", [0, 1, 15, 16, 1000, FRAME_SIZE - 1])
def test_a_chunk_that_was_half_written_is_completed_never_replaced(tmp_path, left):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(4 * CHUNK_SIZE + 9)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data[: 2 * CHUNK_SIZE])
    part = part_of(tmp_path, state.id)
    torn = part.stat().st_size - FRAME_SIZE + left
    os.truncate(part, torn)  # as a kill in the middle of a write leaves it
    before = part.read_bytes()
    with store.resume(state) as intake:
        assert intake.offset == CHUNK_SIZE
        intake.write(data[CHUNK_SIZE : 2 * CHUNK_SIZE])
    assert part.read_bytes()[:torn] == before
    assert send(store, state, data).sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("left", [1, 1000, FRAME_SIZE - 1])
def test_other_content_is_never_sealed_where_something_was_written(tmp_path, left):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(3 * CHUNK_SIZE)
    other = content(3 * CHUNK_SIZE, seed=2)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data[:CHUNK_SIZE])
    part = part_of(tmp_path, state.id)
    os.truncate(part, part.stat().st_size - FRAME_SIZE + left)
    before = part.read_bytes()
    with store.resume(state) as intake, pytest.raises(ContentChangedError):
        intake.write(other)
    assert part.read_bytes() == before
    assert send(store, state, data).sha256 == hashlib.sha256(data).hexdigest()


def test_the_last_chunk_is_not_replaced_before_it_is_ended(tmp_path):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(CHUNK_SIZE + 10)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data)
    before = part_of(tmp_path, state.id).read_bytes()
    with store.resume(state) as intake, pytest.raises(ContentChangedError):
        intake.write(b"x" * 10)
    assert part_of(tmp_path, state.id).read_bytes() == before


def test_of_two_goes_each_chunk_is_written_by_one(tmp_path):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(3 * CHUNK_SIZE)
    other = content(3 * CHUNK_SIZE, seed=2)
    state = store.begin_resumable(TO, size=len(data))
    first, second = store.resume(state), store.resume(state)
    with closing(first), closing(second):
        first.write(data[: CHUNK_SIZE + 50])
        with pytest.raises(OvertakenError):
            second.write(other[:CHUNK_SIZE])
        with store.resume(state) as third:
            third.write(data[CHUNK_SIZE:])
            assert third.finish().sha256 == hashlib.sha256(data).hexdigest()
        with pytest.raises(OvertakenError):
            first.write(data[CHUNK_SIZE + 50 :])
    assert EvidenceStore(LocalBackend(tmp_path)).fsck(read_all=True).ok


def test_a_go_that_saw_half_of_anothers_chunk_was_overtaken(tmp_path):
    """It is not told that the content changed: that would end the upload."""
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(2 * CHUNK_SIZE)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data[:CHUNK_SIZE])
    part = part_of(tmp_path, state.id)
    whole = part.read_bytes()
    os.truncate(part, len(whole) - 1000)
    with store.resume(state) as late:
        part.write_bytes(whole)
        with pytest.raises(OvertakenError):
            late.write(b"x" * CHUNK_SIZE)


@pytest.mark.parametrize("done", ["part", "object", "digest part", "digest"])
def test_ending_can_be_repeated_after_a_crash_anywhere_in_it(tmp_path, done):
    backend = LocalBackend(tmp_path)
    store, data = EvidenceStore(backend), content(2 * CHUNK_SIZE + 1)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data)
    if done != "part":
        with closing(backend.resume(state.id)) as part:
            part.hold()
            part.commit()
    if done == "digest part":
        backend.begin(f"{state.id}.digest").close()
    if done == "digest":
        send(store, state, data)
    item = send(store, state, data)
    assert item.sha256 == hashlib.sha256(data).hexdigest()
    with store.open(item.id, [READER]) as source:
        assert source.read() == data
    assert store.fsck(read_all=True) == store.fsck()
    assert store.fsck().parts == ()


def test_only_one_ends_a_file_and_nothing_is_added_afterwards(tmp_path):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(CHUNK_SIZE + 1)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data)
        intake.finish()
        with store.resume(state) as other, pytest.raises(OvertakenError):
            other.write(data[other.offset :])
        with store.resume(state) as other, pytest.raises(OvertakenError):
            other.finish()
    before = (tmp_path / state.id[:2] / state.id).read_bytes()
    with store.resume(state) as late:
        late.write(data[late.offset :])
        with pytest.raises(TooLargeError):
            late.write(b"more")
    assert (tmp_path / state.id[:2] / state.id).read_bytes() == before


def test_damage_is_found_before_anything_is_called_safe(tmp_path):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(5 * CHUNK_SIZE)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data)
        with part_of(tmp_path, state.id).open("r+b") as file:
            file.seek(state.start + FRAME_SIZE + 7)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        with pytest.raises(PayloadError):
            intake.finish()
    assert store.fsck().objects == store.fsck().orphans == ()


def test_a_part_that_is_shorter_than_its_beginning_is_damaged(tmp_path):
    store = EvidenceStore(LocalBackend(tmp_path))
    state = store.begin_resumable(TO, size=10)
    os.truncate(part_of(tmp_path, state.id), state.start - 1)
    with pytest.raises(DamagedError):
        store.resume(state)


def test_a_full_disk_loses_only_the_chunk_that_did_not_fit(tmp_path, monkeypatch):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(3 * CHUNK_SIZE)
    state = store.begin_resumable(TO, size=len(data))
    real, room = os.pwrite, 1_000
    with store.resume(state) as intake:
        intake.write(data[:CHUNK_SIZE])

        def full(fd, view, offset):
            nonlocal room
            if not room:
                raise OSError(28, "full")
            taken, room = min(room, len(view)), max(0, room - len(view))
            return real(fd, bytes(view)[:taken], offset)

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="full"):
            intake.write(data[CHUNK_SIZE : 2 * CHUNK_SIZE])
        monkeypatch.undo()
    with store.resume(state) as intake:
        assert intake.offset == CHUNK_SIZE
    assert send(store, state, data).sha256 == hashlib.sha256(data).hexdigest()


def test_what_is_discarded_is_gone(tmp_path):
    store = EvidenceStore(LocalBackend(tmp_path))
    state = store.begin_resumable(TO, size=10)
    assert store.fsck().parts == (state.id,)
    with store.resume(state), store.holding(state.id) as discard:
        discard()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with pytest.raises(NotFoundError):
        store.resume(state)


def test_what_was_ended_but_is_listed_nowhere_can_be_discarded_too(tmp_path):
    store, data = EvidenceStore(LocalBackend(tmp_path)), content(CHUNK_SIZE)
    state = store.begin_resumable(TO, size=len(data))
    with store.resume(state) as intake:
        intake.write(data)
        intake.finish()
        with pytest.raises(OvertakenError), store.holding(state.id):
            pass
    with store.holding(state.id) as discard:
        discard()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_empty_file_is_refused_and_leaves_nothing(tmp_path):
    store = EvidenceStore(LocalBackend(tmp_path))
    with pytest.raises(EmptyFileError):
        store.begin_resumable(TO, size=0)
    assert not list(tmp_path.rglob("*"))
