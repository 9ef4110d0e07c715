"""Both backends under the conformance suite, and what only a directory can get wrong."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_store.backends import Backend, LocalBackend, MemoryBackend
from tests.evidence_store import backend_suite as suite

Check = Callable[[suite.Reopen], None]


@pytest.mark.parametrize("check", suite.ALL, ids=lambda check: check.__name__)
def test_memory(check: Check) -> None:
    backend: Backend = MemoryBackend()
    check(lambda: backend)


@pytest.mark.parametrize("check", suite.ALL, ids=lambda check: check.__name__)
def test_local(check: Check, tmp_path: Path) -> None:
    check(lambda: LocalBackend(tmp_path / "deep" / "store"))


def test_local_permissions_and_layout(tmp_path: Path) -> None:
    root = tmp_path / "store"
    suite.put(LocalBackend(root), suite.NAME, b"data")
    path = root / suite.NAME[:2] / suite.NAME
    assert path.read_bytes() == b"data"
    modes = [stat.S_IMODE(item.stat().st_mode) for item in (root, path.parent, path)]
    assert modes == [0o700, 0o700, 0o600]


def test_local_times_say_the_day_only(tmp_path: Path) -> None:
    root = tmp_path / "store"
    suite.put(LocalBackend(root), suite.NAME, b"data")
    for path in (root, root / suite.NAME[:2], root / suite.NAME[:2] / suite.NAME):
        assert path.stat().st_mtime_ns % (86_400 * 10**9) == 0
    suite.put(LocalBackend(root), suite.OTHER, b"data")
    LocalBackend(root).delete(suite.NAME)
    for path in (root, root / suite.NAME[:2]):
        assert path.stat().st_mtime_ns % (86_400 * 10**9) == 0


def test_local_finishes_partial_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may take fewer bytes than offered."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:1000]))
    backend = LocalBackend(tmp_path)
    data = os.urandom(12_345)
    suite.put(backend, suite.NAME, data)
    monkeypatch.undo()
    assert suite.read(backend, suite.NAME) == data


def test_local_finishes_partial_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = LocalBackend(tmp_path)
    data = os.urandom(12_345)
    suite.put(backend, suite.NAME, data)
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, offset: real(fd, min(size, 1000), offset))
    assert suite.read(backend, suite.NAME) == data


def test_local_ignores_what_is_not_an_object(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path)
    suite.put(backend, suite.NAME, b"data")
    (tmp_path / "README").write_text("a note")
    (tmp_path / suite.NAME[:2] / "note.txt").write_text("a note")
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / suite.NAME).write_text("in the wrong shard")
    assert list(backend.names()) == [suite.NAME]


def test_local_order_of_durability(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content reaches the disk before the name, and the name before success."""
    log: list[str] = []
    fsync, rename, write = os.fsync, os.rename, os.write

    def name(fd: int) -> str:
        return Path(f"/proc/self/fd/{fd}").readlink().name

    def logged_write(fd: int, data: bytes) -> int:
        log.append(f"write {name(fd)}")
        return write(fd, data)

    def logged_fsync(fd: int) -> None:
        log.append(f"fsync {name(fd)}")
        fsync(fd)

    def logged_rename(source: Path, target: Path) -> None:
        log.append(f"rename {Path(target).name}")
        rename(source, target)

    monkeypatch.setattr(os, "write", logged_write)
    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "rename", logged_rename)
    backend = LocalBackend(tmp_path / "store")
    suite.put(backend, suite.NAME, b"data")
    part, shard = suite.NAME + ".part", suite.NAME[:2]
    assert log == [
        f"fsync {tmp_path.name}",  # the store's own directory was made
        f"write {part}",
        f"fsync {part}",
        f"rename {suite.NAME}",
        f"fsync {shard}",
        "fsync store",  # the shard was made
    ]
    log.clear()
    backend.delete(suite.NAME)
    assert log == [f"fsync {shard}"]
