"""An honest visitor while a hundred uploads trickle in."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator

from tests.bench import drafts
from tests.bench.figures import Figure, load, percentile
from tests.bench.site import Site
from tests.bench.upload import prologue, upload_head

UPLOADS = 100
PIECE, PAUSE = 1_500, 1.0  # above the pace that the server cuts off, as a bad connection is
P95 = 1.0


def figures(site: Site, *, quick: bool = False) -> list[Figure]:
    """The first page and a page of the conversation, without and with slow uploads."""
    rounds = 20 if quick else 100
    honest = drafts.begin(site)
    alone = visit(site, honest, rounds)
    with slow_uploads(site, UPLOADS) as held:
        time.sleep(1.0)
        during = visit(site, honest, rounds)
        alive = sum(held)
    return [
        Figure(
            f"honest page during {UPLOADS} slow uploads: p95",
            percentile(during, 0.95),
            "s",
            at_most=P95,
            baseline=percentile(alone, 0.95),
            baseline_name="without them",
            note=f"{alive} uploads were going on; {load()}",
        )
    ]


def visit(site: Site, phone: object, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        for path in (site.path(), site.path("vraag/wie")):
            answer = phone.get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            times.append(answer.seconds)
    return times


@contextlib.contextmanager
def slow_uploads(site: Site, number: int) -> Iterator[list[bool]]:
    """Connections that send a little, again and again; which of them still can."""
    phone = drafts.begin(site)
    start = prologue(phone, "traag.bin")
    sockets: list[socket.socket] = []
    for _ in range(number):
        connection = phone.connect()
        connection.sendall(upload_head(phone, site, 50_000_000) + start)
        sockets.append(connection)
    alive, stop = [True] * number, threading.Event()
    trickling = threading.Thread(target=_trickle, args=(sockets, alive, stop))
    trickling.start()
    try:
        yield alive
    finally:
        stop.set()
        trickling.join()
        for connection in sockets:
            connection.close()


def _trickle(sockets: list[socket.socket], alive: list[bool], stop: threading.Event) -> None:
    while not stop.wait(PAUSE):
        for number, connection in enumerate(sockets):
            if alive[number]:
                try:
                    connection.sendall(b"x" * PIECE)
                except OSError:
                    alive[number] = False
                else:
                    # An answer before the end of the body is a refusal.
                    alive[number] = not select.select([connection], [], [], 0)[0]
