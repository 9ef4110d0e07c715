"""An object for other recipients: the same original, a new header, and nobody left from before."""

import errno
import hashlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import (
    DamagedError,
    EvidenceStore,
    Identity,
    InvalidKeyError,
    LocalBackend,
    MemoryBackend,
    NoMatchError,
)
from tests.evidence_store.test_store_faults import Fault, contents

ROOT = Path(__file__).parents[2]
OLD, NEW, OTHER = (Identity.from_secret(bytes([sign]) * 32) for sign in b"\x0a\x0b\x0c")
CHUNK = 64 * 1024
SAMPLE = bytes(range(256)) * 1200


def plaintext(store, item_id, identity):
    with store.open(item_id, [identity]) as source:
        return source.read()


@given(
    size=st.one_of(
        st.integers(1, 300), st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 300_000])
    ),
    old=st.integers(1, 3),
    new=st.integers(1, 3),
)
def test_the_same_original_for_others_and_for_nobody_else(size, old, new):
    before = [Identity.generate() for _ in range(old)]
    after = [Identity.generate() for _ in range(new)]
    backend = MemoryBackend()
    store = EvidenceStore(backend)
    item = store.take_in(io.BytesIO(SAMPLE[:size]), [one.recipient for one in before])
    moved = store.rehead(item.id, before[-1:], [one.recipient for one in after])
    assert (moved.size, moved.id == item.id) == (size, False)
    for identity in after:
        assert hashlib.sha256(plaintext(store, moved.id, identity)).hexdigest() == item.sha256
    for identity in before:
        with pytest.raises(NoMatchError):
            store.open(moved.id, [identity])
    assert moved.ciphertext_sha256 == store.ciphertext_sha256(moved.id) != item.ciphertext_sha256
    store.verify(moved.id)
    old_bytes, new_bytes = (raw(backend, name) for name in (item.id, moved.id))
    assert payload(old_bytes) == payload(new_bytes)


def raw(backend, name):
    source = backend.open(name)
    return source.read_at(0, source.size)


def payload(data):
    return data[data.index(b"\n", data.index(b"\n--- ") + 1) + 1 :]


def test_the_stock_tool_opens_it_with_the_new_key_and_not_with_the_old(tmp_path):
    store = EvidenceStore(LocalBackend(tmp_path / "store"))
    item = store.take_in(io.BytesIO(SAMPLE), [OLD.recipient])
    moved = store.rehead(item.id, [OLD], [NEW.recipient])
    store.destroy(item.id)
    path = tmp_path / "store" / moved.id[:2] / moved.id

    def age(identity):
        key = tmp_path / "key"
        key.write_text(f"{identity}\n")
        command = [shutil.which("age"), "--decrypt", "-i", str(key), str(path)]
        return subprocess.run(command, capture_output=True, check=False)

    assert age(NEW).stdout == SAMPLE
    refused = age(OLD)
    assert (refused.returncode != 0, refused.stdout) == (True, b"")
    report = store.fsck(read_all=True)
    assert (report.ok, report.objects, report.orphans) == (True, (moved.id,), ())


def test_who_cannot_read_it_cannot_give_it_away():
    backend = MemoryBackend()
    store = EvidenceStore(backend)
    item = store.take_in(io.BytesIO(SAMPLE), [OLD.recipient])
    before = set(backend.names())
    with pytest.raises(NoMatchError):
        store.rehead(item.id, [OTHER], [OTHER.recipient])
    with pytest.raises(InvalidKeyError):
        store.rehead(item.id, [OLD], [])
    assert (set(backend.names()), list(backend.parts())) == (before, [])


@pytest.mark.parametrize("place", [0.5, 0.999])
def test_a_damaged_object_is_not_passed_on(place, tmp_path):
    store = EvidenceStore(LocalBackend(tmp_path))
    item = store.take_in(io.BytesIO(SAMPLE), [OLD.recipient])
    path = tmp_path / item.id[:2] / item.id
    data = bytearray(path.read_bytes())
    data[int(len(data) * place) - CHUNK] ^= 1
    path.write_bytes(data)
    before = contents(tmp_path)
    with pytest.raises(DamagedError):
        store.rehead(item.id, [OLD], [NEW.recipient])
    assert contents(tmp_path) == before


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["write", "fsync", "rename", "open", "mkdir", "pread"])
def test_one_call_fails_and_the_old_object_stands(call, code, tmp_path):
    for position in range(100):
        root = tmp_path / str(position)
        item = EvidenceStore(LocalBackend(root)).take_in(io.BytesIO(SAMPLE), [OLD.recipient])
        before = contents(root)
        store = EvidenceStore(LocalBackend(root))
        fault = Fault(call, position, code, lasting=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, fault)
            try:
                store.rehead(item.id, [OLD], [NEW.recipient])
            except OSError as error:
                told = error.errno
            else:
                told = None
        assert told == (code if fault.hit else None)
        if told is None:
            break
        assert contents(root) == before
    assert position > 0
    assert plaintext(store, item.id, OLD) == SAMPLE


CHILD = """
import sys
from evidence_store import Identity, LocalBackend
from evidence_store.rehead import rehead
root, old, new = sys.argv[1:]
keys = [Identity.from_secret(bytes([sign]) * 32) for sign in b"\\x0a\\x0b"]
moved = rehead(LocalBackend(root), old, identities=keys[:1], recipients=[keys[1].recipient],
               new_id=new)
print(moved.ciphertext_sha256, flush=True)
"""
NAME = "abcdefghijklmnopqrstuvwxyz"


def killed_at(call, position, root, old):
    """Rehead in a process that dies at one call below `root`."""
    shard = root / NAME[:2]
    files = [shard / (NAME + end) for end in ("", ".part", ".digest", ".digest.part")]
    below = [f"--trace-path={path}" for path in (root, shard, *files)]
    inject = [f"--trace={call}", f"--inject={call}:signal=KILL:when={position}"]
    trace = ["strace", "--follow-forks", "--quiet=all", "--output=/dev/null", *below, *inject]
    child = [sys.executable, "-c", CHILD, str(root), old, NAME]
    done = subprocess.run([*trace, *child], capture_output=True, text=True, cwd=ROOT, check=False)
    killed = done.returncode in (-9, 128 + 9)
    assert killed or done.returncode == 0, done.stderr
    return killed, done.stdout.strip()


@pytest.mark.parametrize(
    "calls",
    [
        ("write", "rename"),
        pytest.param(("mkdir", "openat", "utimensat", "fsync", "close"), marks=pytest.mark.sweep),
    ],
    ids=["data", "around"],
)
def test_killed_at_every_call_the_original_is_never_lost(calls, tmp_path):
    states = set()
    for call in calls:
        for position in range(1, 100):
            root = tmp_path / f"{call}{position}"
            store = EvidenceStore(LocalBackend(root))
            item = store.take_in(io.BytesIO(SAMPLE), [OLD.recipient])
            killed, told = killed_at(call, position, root, item.id)
            states.add(state_after(store, item.id, told))
            if not killed:
                break
        assert position > 1, f"{call} was never reached"
    assert {"whole", "part"} <= states <= {"whole", "part", "orphan", "nothing"}


def state_after(store, old, told):
    report = store.fsck(read_all=True)
    assert report.ok, report.damage
    assert plaintext(store, old, OLD) == SAMPLE
    assert {*report.objects, *report.orphans} <= {old, NAME}
    if told:
        assert store.ciphertext_sha256(NAME) == told
    if NAME in {*report.objects, *report.orphans}:
        assert plaintext(store, NAME, NEW) == SAMPLE
        return "whole" if NAME in report.objects else "orphan"
    return "part" if report.parts else "nothing"
