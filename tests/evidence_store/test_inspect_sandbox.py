"""The child can do nothing but answer, and its end is never ours."""

import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evidence_store.errors import DamagedError
from evidence_store.inspect import describe, sandbox, sandbox_status
from evidence_store.inspect.sandbox import BytesSource, Limits, Outcome, run_child

CHILD = """
import ctypes, json, os, socket, subprocess, sys, time
from evidence_store.inspect import wire

def work(job, reader, reply):
    globals()[job["op"]](job, reader, reply)

def crash(job, reader, reply):
    reply.result({"type": "image/png"})
    ctypes.string_at(0)

def leave(job, reader, reply):
    os._exit(3)

def hang(job, reader, reply):
    time.sleep(60)

def spin(job, reader, reply):
    while True:
        pass

def eat(job, reader, reply):
    reply.blob(bytes(2 << 30))

def chatter(job, reader, reply):
    reply.blob(bytes(9 << 20))

def garbage(job, reader, reply):
    wire.send(reader._sock, wire.PARTIAL, b"{not json")

def wide(job, reader, reply):
    wire.send(reader._sock, wire.READ, b"x")

def attempts(job, reader, reply):
    done = []
    def attempt(name, action):
        try:
            action()
        except OSError:
            return
        done.append(name)
    attempt("socket", lambda: socket.create_connection(("127.0.0.1", job["port"]), 2))
    attempt("unix", lambda: socket.socket(socket.AF_UNIX))
    attempt("program", lambda: subprocess.run(["/bin/true"]))
    attempt("write", lambda: open(job["path"], "w"))
    attempt("append", lambda: open(job["existing"], "a").write("x"))
    attempt("remove", lambda: os.unlink(job["existing"]))
    attempt("rename", lambda: os.rename(job["existing"], job["path"]))
    attempt("folder", lambda: os.mkdir(job["path"]))
    attempt("signal", lambda: os.kill(os.getppid(), 0))
    reply.result({"done": done, "env": sorted(os.environ), "read": reader.read_at(0, 5).decode()})
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "strange_child.py").write_text(CHILD)
    monkeypatch.syspath_prepend(tmp_path)
    return "strange_child"


@pytest.fixture(autouse=True)
def slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Places of our own: other test runs on this host share the real ones."""
    places = (tmp_path / "slot one", tmp_path / "slot two")
    for place in places:
        place.touch()
    monkeypatch.setattr(sandbox, "_SLOT_FILES", places)
    return places


def run(child: str, op: str, **limits: float) -> Outcome:
    return run_child(child, {"op": op}, BytesSource(b"hello"), Limits(**limits))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("op", "fault"),
    [
        ("crash", "crash"), ("leave", "crash"), ("eat", "memory"), ("chatter", "crash"),
        ("garbage", "garbage"), ("wide", "garbage"),
    ],
)  # fmt: skip
def test_a_bad_end_is_a_fault_and_not_an_exception(child: str, op: str, fault: str) -> None:
    assert run(child, op).fault == fault


def test_what_was_known_before_a_crash_is_kept(child: str) -> None:
    assert run(child, "crash").result == {"type": "image/png"}


def test_time_is_limited_by_the_clock_and_by_the_processor(child: str) -> None:
    started = time.monotonic()
    assert run(child, "hang", wall_seconds=0.5).fault == "timeout"
    assert run(child, "spin", cpu_seconds=1).fault == "crash"
    assert time.monotonic() - started < 25


def test_the_child_reaches_nothing(child: str, tmp_path: Path) -> None:
    existing = tmp_path / "er al"
    existing.write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        job = {
            "op": "attempts", "port": server.getsockname()[1],
            "path": str(tmp_path / "nieuw"), "existing": str(existing),
        }  # fmt: skip
        outcome = run_child(child, job, BytesSource(b"hello"))
    assert outcome.fault is None
    assert outcome.result["done"] == []
    assert outcome.result["read"] == "hello"
    assert not set(outcome.result["env"]) & {"HOME", "PATH", "PYTHONPATH"}
    assert existing.read_text() == "x"
    assert not (tmp_path / "nieuw").exists()


def test_the_filter_holds_where_namespaces_are_not_allowed(tmp_path: Path) -> None:
    code = f"""
import ctypes, os, socket
from evidence_store.inspect import confine
assert confine._install_filter(ctypes.CDLL(None, use_errno=True))
for action in (
    lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    lambda: socket.socketpair(),
    lambda: os.execv("/bin/true", ["true"]),
    lambda: open({str(tmp_path / "x")!r}, "w"),
    lambda: os.mkdir({str(tmp_path / "y")!r}),
    lambda: os.unlink({str(tmp_path)!r}),
    lambda: os.kill(os.getppid(), 0),
):
    try:
        action()
    except PermissionError:
        print("denied")
print(open("/proc/self/comm").read() != "")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["denied"] * 7 + ["True"]


def test_no_child_is_left_behind(child: str) -> None:
    run(child, "hang", wall_seconds=0.3)
    listed = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "strange_child" not in listed.stdout


def _is_locked(place: Path) -> bool:
    with place.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_two_run_at_a_time_over_all_processes(child: str, slots: tuple[Path, Path]) -> None:
    code = (
        "from pathlib import Path; from evidence_store.inspect import sandbox as s;"
        f"s._SLOT_FILES = tuple(map(Path, {[str(place) for place in slots]}));"
        f"print(s.run_child({child!r}, {{'op': 'leave'}}, s.BytesSource(b''),"
        " s.Limits(wait_seconds=0.6)).fault)"
    )
    holders = [
        threading.Thread(target=run, args=(child, "hang"), kwargs={"wall_seconds": 6.0})
        for _ in range(2)
    ]
    for thread in holders:
        thread.start()
    while not all(_is_locked(place) for place in slots):
        time.sleep(0.02)
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for thread in holders:
        thread.join()
    assert other.stdout.strip() == "busy"


def test_a_crashing_decoder_becomes_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "evidence_store.inspect.answer.run_child", lambda *_args: Outcome(fault="crash")
    )
    answer = describe(BytesSource(b"x"), name="a.png")
    assert answer["verdict"] == "accept"
    assert answer["warnings"] == ["inspect_failed", "type_mismatch"]


def test_damage_in_the_source_is_not_swallowed() -> None:
    class Damaged:
        size = 10

        def read_at(self, offset: int, size: int) -> bytes:
            raise DamagedError("stored bytes differ")

    with pytest.raises(DamagedError):
        describe(Damaged(), name="a.png", sha256="00")


def test_the_status_line_names_what_holds() -> None:
    status = sandbox_status()
    assert status.startswith("inspection sandbox: ")
    assert "512 MiB, 2 at a time" in status
    assert "NOT" not in status
