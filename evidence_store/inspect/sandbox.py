"""Run one decoder in a short-lived, confined child process.

The parent serves byte ranges and keeps the result; the child sees no path,
no network and no file it could write.
"""

import fcntl
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from evidence_store.inspect import wire

CHILDREN_AT_ONCE = 2
MAX_PARTIAL = 256 * 1024

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent.parent
_SLOT_FILES = (Path(__file__).resolve(), _PACKAGE / "child.py")
_slots = threading.BoundedSemaphore(CHILDREN_AT_ONCE)

# Packages are put in place empty, so that a decoder does not pay for the
# imports of their __init__ (ciphers, web framework).
_BOOTSTRAP = """\
import sys, types
root, *path = sys.argv[2:]
sys.path[:] = path
for name in ("evidence_store", "evidence_store.inspect", "portal", "portal.dossier"):
    package = types.ModuleType(name)
    package.__path__ = [root + "/" + name.replace(".", "/")]
    sys.modules[name] = package
from evidence_store.inspect.child import run
run(sys.argv[1])
"""


class ReadAt(Protocol):
    """Anything whose bytes can be read by position."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, fewer only at the end."""


@dataclass(frozen=True)
class Limits:
    """What one child may use.

    Attributes:
        memory: Address space in bytes.
        cpu_seconds: Processor time.
        wall_seconds: Time from start to the last frame.
        wait_seconds: Time to wait for a free place before that.
        output: Largest blob it may hand back, in bytes.
        files: Open descriptors.
    """

    memory: int = 512 << 20
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    wait_seconds: float = 60.0
    output: int = 8 << 20
    files: int = 64


@dataclass
class Outcome:
    """What came back from a child.

    Attributes:
        result: The last (partial) result it sent; untrusted JSON.
        blob: The bytes it made, if any; untrusted.
        fault: None after a clean end, else a short code: crash, timeout,
            garbage, busy, or the code the child gave.
    """

    result: dict[str, Any] = field(default_factory=dict)
    blob: bytes = b""
    fault: str | None = None


class BytesSource:
    """Bytes in memory as a source of ranges.

    Args:
        data: The whole content.
    """

    def __init__(self, data: bytes) -> None:
        """Keep a reference; nothing is copied."""
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""
        return self._data[offset : offset + size]


class FileSource:
    """An open binary file as a source of ranges.

    Args:
        file: Seekable and readable.
        size: Length in bytes.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Keep the open file; the caller closes it."""
        self._file = file
        self.size = size

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""
        self._file.seek(offset)
        return self._file.read(size)


def run_child(
    module: str, job: Mapping[str, Any], source: ReadAt, limits: Limits | None = None
) -> Outcome:
    """Run `module.work` over `source` in a confined child.

    Args:
        module: Import name of a module with `work(job, reader, reply)`.
        job: JSON-able instructions; `size` is added.
        source: The bytes to decode.
        limits: What the child may use.

    Returns:
        The outcome. A crash, a timeout, too much memory or a broken answer
        is a fault in it and never an exception.

    Raises:
        Exception: Only what `source.read_at` itself raises (damage).
    """
    limits = limits or Limits()
    with _slot(time.monotonic() + limits.wait_seconds) as free:
        if not free:
            return Outcome(fault="busy")
        deadline = time.monotonic() + limits.wall_seconds
        ours, theirs = socket.socketpair()
        with ours:
            child = _start(module, limits, theirs)
            try:
                order = json.dumps({**job, "size": source.size}).encode()
                return _converse(ours, order, source, limits, deadline)
            finally:
                child.kill()
                child.wait()


def sandbox_status() -> str:
    """Say which protections hold on this machine, for a start-up line.

    Returns:
        One line of English, such as "inspection sandbox: network namespace,
        system call filter, 512 MiB, 2 at a time".
    """
    outcome = run_child("evidence_store.inspect.child", {"op": "probe"}, BytesSource(b""))
    held = outcome.result.get("held")
    if outcome.fault or not isinstance(held, list):
        return f"inspection sandbox: DOES NOT START ({outcome.fault or 'garbage'})"
    if outcome.result.get("reachable") or not held:
        held = [*held, "NETWORK NOT BLOCKED"]
    names = ", ".join(str(name) for name in held)
    memory = Limits().memory >> 20
    return f"inspection sandbox: {names}, {memory} MiB, {CHILDREN_AT_ONCE} at a time"


def _start(module: str, limits: Limits, theirs: socket.socket) -> subprocess.Popen[bytes]:
    settings = json.dumps(
        {
            "module": module,
            "memory": limits.memory,
            "cpu_seconds": limits.cpu_seconds,
            "files": limits.files,
        }
    )
    path = [entry for entry in sys.path if entry]
    with theirs:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _BOOTSTRAP, settings, str(_ROOT), *path],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"LANG": "C.UTF-8", "RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"},
        )


def _converse(
    sock: socket.socket, order: bytes, source: ReadAt, limits: Limits, deadline: float
) -> Outcome:
    outcome = Outcome()
    try:
        _arm(sock, deadline)
        wire.send(sock, wire.JOB, order)
        while outcome.fault is None:
            _arm(sock, deadline)
            kind, payload = wire.receive(sock, limits.output)
            if kind == wire.DONE:
                return outcome
            _answer(sock, kind, payload, source, outcome)
    except TimeoutError:
        outcome.fault = "timeout"
    except (wire.WireError, ConnectionError):
        outcome.fault = "crash"
    except ValueError:  # not JSON, not an object, a range outside the rules
        outcome.fault = "garbage"
    return outcome


def _answer(
    sock: socket.socket, kind: bytes, payload: bytes, source: ReadAt, outcome: Outcome
) -> None:
    if kind == wire.READ and len(payload) == wire.RANGE.size:
        offset, size = wire.RANGE.unpack(payload)
        size = min(size, wire.MAX_READ, max(0, source.size - offset))
        wire.send(sock, wire.DATA, source.read_at(offset, size) if size else b"")
    elif kind in {wire.PARTIAL, wire.FAULT} and len(payload) <= MAX_PARTIAL:
        told = json.loads(payload)
        if not isinstance(told, dict):
            raise ValueError(kind)
        if kind == wire.PARTIAL:
            outcome.result = told
        else:
            outcome.fault = str(told.get("code", "garbage"))[:40]
    elif kind == wire.BLOB:
        outcome.blob = payload
    else:
        raise ValueError(kind)


def _arm(sock: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)


@contextmanager
def _slot(deadline: float) -> Iterator[bool]:
    """One of the host's places: a lock on a file of ours, so it needs no state."""
    if not _slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
        yield False
        return
    try:
        held = _lock_a_file(deadline)
        try:
            yield held is not None
        finally:
            if held:
                held.close()
    finally:
        _slots.release()


def _lock_a_file(deadline: float) -> BinaryIO | None:
    while True:
        for path in _SLOT_FILES:
            file = path.open("rb")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            except OSError:  # a file system without locks: each process counts for itself
                return file
            else:
                return file
        if time.monotonic() > deadline:
            return None
        time.sleep(0.01)
