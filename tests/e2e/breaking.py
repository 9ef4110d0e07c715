"""One resumable upload whose connection or server is killed again and again."""

from __future__ import annotations

import base64
import http.client
import os
import random
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.site import wait_until
from tests.e2e.visitor import Visitor

CHUNK = 65_536
KINDS = (
    "ended",
    "reset",
    "silent",
    "reset in full flow",
    "worker",
    "ended",
    "reset",
    "silent",
    "ended",
    "worker in full flow",
)
"""In turn. What is killed in full flow had more on its way than the server had taken."""


class RefusedError(Exception):
    """An earlier request was still writing down what it had received."""


@dataclass
class Kill:
    """One kill: how, what had been sent in that request, and what of it must come again."""

    kind: str
    sent: int
    resent: int


@dataclass
class BrokenLine:
    """A tus client over bare sockets."""

    visitor: Visitor
    source: Path
    stop_workers: Callable[[], None]
    kills: list[Kill] = field(default_factory=list)
    _address: str = ""
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.source.stat().st_size

    def begin(self, name: str) -> None:
        status, headers = self._ask(
            "POST",
            f"/{self.visitor.school}/bestanden/onderweg",
            {"Upload-Length": str(self.size), "Upload-Metadata": metadata(name)},
        )
        assert status == 201, status
        self._address = headers["Location"]

    def offset(self) -> int:
        """Ask where to go on, as often as the server is away."""

        def asked() -> int | None:
            with suppress(OSError, http.client.HTTPException):
                status, headers = self._ask("HEAD", self._address, {})
                if status == 200:
                    return int(headers["Upload-Offset"]) + 1
            return None

        return wait_until(asked) - 1

    def break_off(self, kind: str, size: int) -> None:
        """Send so many bytes in one request, kill it, and see what was kept."""
        wait_until(lambda: self._broke_off(kind, size))

    def _broke_off(self, kind: str, size: int) -> bool:
        start = self.offset()
        size = min(size, self.size - start - 1)
        link = self._patch(start)
        try:
            with self.source.open("rb") as source:
                link.sendfile(source, start, size)
            if not kind.endswith("full flow"):
                self._wait_for_all(link, start + size)
        except (RefusedError, ConnectionError):
            link.close()
            return False
        self._kill(kind, link)
        kept = self.offset()
        assert kept >= start, "what was acknowledged is gone"
        self.kills.append(Kill(kind, size, start + size - kept))
        return True

    def _wait_for_all(self, link: socket.socket, end: int) -> None:
        """Until all that can be kept is kept, and nothing is on its way any more."""

        def arrived() -> bool:
            if select.select([link], [], [], 0)[0]:
                raise RefusedError
            return self.offset() >= end // CHUNK * CHUNK

        wait_until(arrived)

    def finish(self) -> None:
        """Send all the rest."""
        wait_until(self._sent_the_rest, 120)
        for link in self._open:
            link.close()

    def _sent_the_rest(self) -> bool:
        start = self.offset()
        if start == self.size:
            return True
        with self._patch(start) as link, self.source.open("rb") as source, suppress(OSError):
            link.sendfile(source, start)
            link.recv(4096)
        return False

    def _patch(self, start: int) -> socket.socket:
        headers = {
            **self._headers(),
            "Host": f"127.0.0.1:{self.visitor.site.port}",
            "Upload-Offset": str(start),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(self.size - start),
        }
        lines = [f"PATCH {self._address} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        link = socket.create_connection(("127.0.0.1", self.visitor.site.port), timeout=60)
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        return link

    def _kill(self, kind: str, link: socket.socket) -> None:
        if kind == "silent":  # a phone that left the Wi-Fi: the server does not hear of it
            self._open.append(link)
            return
        if kind.startswith("worker"):
            self.stop_workers()
        elif kind.startswith("reset"):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            link.shutdown(socket.SHUT_WR)
        link.close()

    def _headers(self) -> dict[str, str]:
        return {
            "Cookie": self.visitor.cookie,
            "Tus-Resumable": "1.0.0",
            "X-CSRF-Token": self.visitor.token,
        }

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        client = http.client.HTTPConnection("127.0.0.1", self.visitor.site.port, timeout=60)
        try:
            client.request(method, path, None, {**self._headers(), **headers})
            response = client.getresponse()
            response.read()
            return response.status, dict(response.getheaders())
        finally:
            client.close()


def metadata(name: str) -> str:
    """What a client says of a file, with the answer to the question about nudity."""
    told = {"filename": name, "filetype": "video/quicktime", "intimate": "no"}
    coded = [f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in told.items()]
    return ",".join(coded)


def kill_again_and_again(line: BrokenLine, kills: int) -> None:
    """Break the upload off so many times, in every way, at places that a seed chooses."""
    dice = random.Random(20)
    for number in range(kills):
        share = line.size // (kills + 1)
        line.break_off(KINDS[number % len(KINDS)], max(1, int(share * dice.uniform(0.5, 1.5))))
    line.finish()


def summary(kills: list[Kill]) -> dict[str, int]:
    """The most bytes that had to come again after one kill, by kind."""
    return {
        kind: max(one.resent for one in kills if one.kind == kind) for kind in dict.fromkeys(KINDS)
    }


def web_workers(supervisor: int) -> list[int]:
    """The processes that answer requests: children of the children of the supervisor."""
    return [pid for arbiter in _children(supervisor) for pid in _children(arbiter)]


def kill_workers(supervisor: int) -> None:
    """Kill every process that answers requests; others take their places."""
    doomed = web_workers(supervisor)
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while set(doomed) & set(web_workers(supervisor)):
        time.sleep(0.02)


def _children(pid: int) -> list[int]:
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found
