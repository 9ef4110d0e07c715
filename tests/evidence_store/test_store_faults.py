"""The write order under fire: every position of every call fails, or the process dies there.

Whatever happens, no success is told for something that is not durable, no object is listed that
is not whole, and nothing is damaged.
"""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence_store import EvidenceStore, Identity, LocalBackend

ROOT = Path(__file__).parents[2]
IDENTITY = Identity.from_secret(b"\x0a" * 32)
TO = [IDENTITY.recipient]
SMALL, LARGE = 1000, 3_000_000
SAMPLE = bytes(range(256)) * (LARGE // 256 + 1)


class Fault:
    """Lets one call of the operating system fail, at one position or from there on."""

    def __init__(self, call: str, position: int, code: int, *, lasting: bool) -> None:
        self.hit = False
        self._left = position
        self._real: Callable[..., object] = getattr(os, call)
        self._code = code
        self._lasting = lasting
        # A descriptor is gone also when closing it reports an error.
        self._first = call == "close"

    def __call__(self, *args: object, **kwargs: object) -> object:
        self._left -= 1
        if self._left == -1 or (self._lasting and self._left < 0):
            self.hit = True
            if self._first:
                self._real(*args, **kwargs)
            raise OSError(self._code, os.strerror(self._code))
        return self._real(*args, **kwargs)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def sweep(call: str, code: int, size: int, root: Path, *, lasting: bool) -> Iterator[int]:
    """Take in an original with a fault at each position, until a position is never reached."""
    for position in range(1000):
        backend = LocalBackend(root / str(position))
        kept = EvidenceStore(backend).take_in(io.BytesIO(b"kept"), TO)
        before = contents(root / str(position))
        fault = Fault(call, position, code, lasting=lasting)
        store = EvidenceStore(LocalBackend(root / str(position)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, fault)
            try:
                store.take_in(io.BytesIO(SAMPLE[:size]), TO)
            except OSError as error:
                told = error.errno
            else:
                told = None
        if not fault.hit:
            assert told is None
            return
        assert told == code, f"{call} {position} failed and success was told"
        assert contents(root / str(position)) == before
        report = store.fsck(read_all=True)
        assert (report.objects, report.orphans, report.parts) == ((kept.id,), (), ())
        assert report.ok
        yield position


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
@pytest.mark.parametrize(("call", "least"), [("write", 3), ("fsync", 4), ("rename", 2)])
def test_one_call_fails(call: str, least: int, code: int, size: int, tmp_path: Path) -> None:
    assert len(list(sweep(call, code, size, tmp_path, lasting=False))) >= least


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_everything_fails_from_one_call_on(call: str, tmp_path: Path) -> None:
    assert list(sweep(call, errno.ENOSPC, LARGE, tmp_path, lasting=True))


@pytest.mark.parametrize(("call", "least"), [("open", 5), ("mkdir", 1), ("close", 5), ("utime", 4)])
def test_the_calls_around_them_fail(call: str, least: int, tmp_path: Path) -> None:
    assert len(list(sweep(call, errno.EIO, SMALL, tmp_path, lasting=False))) >= least


@pytest.mark.parametrize("call", ["unlink", "fsync"])
def test_destroying_fails(call: str, tmp_path: Path) -> None:
    """What cannot be destroyed is told, and the store is whole or holds an orphan at worst."""
    for position in range(100):
        backend = LocalBackend(tmp_path / str(position))
        store = EvidenceStore(backend)
        item = store.take_in(io.BytesIO(SAMPLE[:SMALL]), TO)
        fault = Fault(call, position, errno.EIO, lasting=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, fault)
            told = destroyed(store, item.id)
        assert told != fault.hit
        assert store.fsck(read_all=True).ok
        if told:
            break
        if list(backend.names()):
            assert destroyed(store, item.id)
        assert list(backend.names()) == []
    assert position == 2


def destroyed(store: EvidenceStore, item_id: str) -> bool:
    try:
        store.destroy(item_id)
    except OSError:
        return False
    return True


CHILD = """
import sys
from evidence_store import EvidenceStore, Identity, LocalBackend
root, name, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
to = [Identity.from_secret(b"\\x0a" * 32).recipient]
sample = bytes(range(256)) * (size // 256 + 1)
with EvidenceStore(LocalBackend(root)).begin(to, limit=None, item_id=name) as intake:
    intake.write(sample[:size])
    item = intake.finish()
print(item.ciphertext_sha256, flush=True)
"""
NAME = "abcdefghijklmnopqrstuvwxyz"


def killed_at(call: str, position: int, root: Path, size: int) -> tuple[bool, str]:
    """Take in an original in a process that dies at one call below `root`."""
    shard = root / NAME[:2]
    files = [shard / (NAME + end) for end in ("", ".part", ".digest", ".digest.part")]
    below = [f"--trace-path={path}" for path in (root, shard, *files)]
    inject = [f"--trace={call}", f"--inject={call}:signal=KILL:when={position}"]
    trace = ["strace", "--follow-forks", "--quiet=all", "--output=/dev/null", *below, *inject]
    child = [sys.executable, "-c", CHILD, str(root), NAME, str(size)]
    done = subprocess.run([*trace, *child], capture_output=True, text=True, cwd=ROOT, check=False)
    killed = done.returncode in (-9, 128 + 9)
    assert killed or done.returncode == 0, done.stderr
    return killed, done.stdout.strip()


def state_after(root: Path, size: int, told: str) -> str:
    """Check what a dead process left, and name it."""
    store = EvidenceStore(LocalBackend(root))
    report = store.fsck(read_all=True)
    assert report.ok, report.damage
    present = {*report.objects, *report.orphans}
    assert present <= {NAME}
    if present:
        assert store.open(NAME, [IDENTITY]).read() == SAMPLE[:size]
    if told:
        assert report.objects == (NAME,)
        assert store.ciphertext_sha256(NAME) == told
    if report.objects:
        return "whole"
    return "orphan" if report.orphans else "part" if report.parts else "nothing"


@pytest.mark.parametrize("size", [SMALL, pytest.param(LARGE, marks=pytest.mark.sweep)])
def test_killed_at_every_call(size: int, tmp_path: Path) -> None:
    states = []
    for call in ("mkdir", "openat", "write", "utimensat", "fsync", "rename", "close"):
        for position in range(1, 100):
            root = tmp_path / f"{call}{position}"
            killed, told = killed_at(call, position, root, size)
            states.append(state_after(root, size, told))
            assert bool(told) != killed
            if not killed:
                break
        assert position > 1, f"{call} was never reached"
    assert len(states) > 25
    assert set(states) == {"nothing", "part", "orphan", "whole"}


def test_after_a_kill_the_file_can_be_sent_again(tmp_path: Path) -> None:
    root = tmp_path / "store"
    killed_at("fsync", 1, root, LARGE)
    backend = LocalBackend(root)
    assert list(backend.parts()) == [NAME]
    item = EvidenceStore(backend).take_in(io.BytesIO(SAMPLE[:LARGE]), TO)
    backend.discard_part(NAME)
    report = EvidenceStore(backend).fsck(read_all=True)
    assert (report.ok, report.objects, report.parts) == (True, (item.id,), ())
