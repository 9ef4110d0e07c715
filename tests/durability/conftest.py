"""A draft ready to be sent, copied for every run, and the process that sends it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from tests.services import world as told
from tests.services.world import World

ROOT = Path(__file__).parents[2]
ORIGINAL = bytes(range(251)) * 2_800  # ten frames and a bit
CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate")
PATIENCE = 60.0


@dataclass
class Prepared:
    """A school, a draft with a story, and the cookie of its reporter."""

    folder: Path
    world: World
    cookie: bytes

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.folder, to)
        return to


@dataclass
class Ended:
    """How a run ended: its code, the receipt it told, and the calls that were traced."""

    code: int
    receipt: dict[str, object] | None
    trace: str
    failure: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Prepare a draft."""
    folder = tmp_path_factory.mktemp("prepared")
    engine = make_engine(f"sqlite:///{folder / 'portal.sqlite3'}")
    upgrade(engine)
    world = told.make_world(make_session_factory(engine), folder)
    with world.factory() as session:
        live = told.begin(world, session, told.answers(world))
    engine.dispose()
    (folder / "original").write_bytes(ORIGINAL)
    given = {"slug": world.school.slug, "cookie": live.cookie.hex()}
    (folder / "given.json").write_text(json.dumps(given))
    return Prepared(folder, world, live.cookie)


class Sender:
    """The process that forks a sender for every run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.server"],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, *, inject: str = "", order: str = "right") -> Ended:
        """Send the draft in a folder, with a fault at one system call, as strace spells it."""
        self._say({"folder": str(folder), "order": order})
        pid = self._hear()["pid"]
        _wait_for(pid, "State:\tT")
        trace = folder / "trace"
        command = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
        command += ["-e", f"inject={inject}"] if inject else []
        tracer = subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.DEVNULL)
        _wait_for(pid, f"TracerPid:\t{tracer.pid}")
        os.kill(pid, 18)  # SIGCONT
        code = self._hear()["code"]
        tracer.wait(PATIENCE)
        return Ended(code, _receipt(folder), trace.read_text(), _text(folder / "failure"))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _say(self, what: dict[str, str]) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, int]:
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="session")
def sender() -> Iterator[Sender]:
    """Give the sending process."""
    made = Sender()
    yield made
    made.close()


def _wait_for(pid: int, sign: str) -> None:
    deadline = time.monotonic() + PATIENCE
    status = Path(f"/proc/{pid}/status")
    while sign not in status.read_text():
        assert time.monotonic() < deadline, f"never saw {sign!r}"
        time.sleep(0.002)


def _receipt(folder: Path) -> dict[str, object] | None:
    text = _text(folder / "receipt")
    return json.loads(text) if text.endswith("\n") else None


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
