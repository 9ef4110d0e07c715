"""A founded school in a scratch folder, served by the real `portal serve` with two workers."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.config import load_settings
from portal.demo import build
from portal.demo.names import SCHOOLS
from portal.services import runtime
from tests.bench.client import Phone
from tests.e2e.site import serve, stop

WORKERS = 2


@dataclass
class Site:
    """A running portal with one school."""

    folder: Path
    slug: str
    people: dict[str, build.DemoPerson]
    process: subprocess.Popen
    port: int

    def phone(self) -> Phone:
        return Phone(self.port)

    def path(self, rest: str = "") -> str:
        return f"/{self.slug}/{rest}"

    def processes(self) -> list[int]:
        """The server and everything it started."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += [int(child) for child in (task / "children").read_text().split()]
        return found

    def written(self) -> int:
        """Bytes that the server's processes caused to be written to storage so far."""
        return sum(_counter(pid, "write_bytes") for pid in self.processes())

    def processor_seconds(self) -> float:
        """Processor time that the server's processes have used so far."""
        return sum(_processor(pid) for pid in self.processes())

    def resident(self) -> int:
        """The largest resident size of one of the processes, in bytes."""
        return max(_resident(pid) for pid in self.processes())


def fill(folder: Path) -> dict[str, build.DemoPerson]:
    """Found the first fictional school, through the services."""
    settings = load_settings(folder)
    runtime.migrate(settings)
    parts = runtime.build(settings)
    now = datetime.now(UTC) - build.SETTLED
    return build._school(parts, SCHOOLS[0], start=0, now=now).people


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Site]:
    """Fill the folder if that was not done, and serve it until the end of the block."""
    folder.mkdir(mode=0o700, exist_ok=True)
    people = fill(folder)
    process, port = serve(folder, folder / "log", {"PORTAL_WORKERS": str(WORKERS)})
    try:
        site = Site(folder, SCHOOLS[0].slug, people, process, port)
        _warm(site)
        yield site
    finally:
        stop(process)


def _warm(site: Site) -> None:
    """Until both workers have answered a few times: the first page of each is compiled."""
    for _ in range(20):
        site.phone().get(site.path())
        time.sleep(0.01)


def _counter(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _processor(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
