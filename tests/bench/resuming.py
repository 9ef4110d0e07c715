"""A large file over tus: how fast in one go, and what fifty kills cost."""

import hashlib
import time
from pathlib import Path

from tests.bench import upload
from tests.bench.client import Phone, receive
from tests.bench.drafts import begin
from tests.bench.figures import MB, Figure, load
from tests.bench.site import Site
from tests.e2e.breaking import (
    CHUNK,
    BrokenLine,
    kill_again_and_again,
    kill_workers,
    metadata,
)
from tests.e2e.visitor import Visitor


def figures(site: Site, *, quick: bool = False) -> list[Figure]:
    """Throughput beside the plain form's, and bytes sent again over kills."""
    size = (32 if quick else 1_000) * MB
    source = site.folder / "original"
    upload.write_random(source, size)
    runs = 1 if quick else 2
    copying = min(
        upload.seconds_of(upload.copy_command(source, site.folder / "copy")) for _ in range(runs)
    )
    (site.folder / "copy").unlink()
    plain = min(upload.send_file(begin(site), site, source, size) for _ in range(runs))
    resumable = min(send_in_one_go(begin(site), site, source, size) for _ in range(runs))
    source.unlink()
    return [
        Figure(
            f"resumable upload of {size // MB} MB in one go, to the confirmed digest",
            size / resumable / MB,
            "MB/s",
            baseline=size / copying / MB,
            baseline_name="dd conv=fsync",
            note=f"{plain / resumable:.2f} of the plain form's speed; {load()}",
        ),
        *losses(site, quick=quick),
    ]


def send_in_one_go(phone: Phone, site: Site, source: Path, size: int) -> float:
    """Seconds from the first request to the answer that the file is safe."""
    headers = {"Tus-Resumable": "1.0.0", "X-CSRF-Token": phone.token}
    started = time.perf_counter()
    made = phone.send(
        phone.request(
            "POST",
            site.path("bestanden/onderweg"),
            {
                **headers,
                "Content-Length": 0,
                "Upload-Length": size,
                "Upload-Metadata": metadata("film.mp4"),
            },
        )
    )
    told = {
        **headers,
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": size,
        "Upload-Offset": 0,
    }
    with phone.connect() as connection, source.open("rb") as file:
        connection.sendall(phone.request("PATCH", made.location, told))
        connection.sendfile(file)
        answer = receive(connection, started)
    if answer.status != 204 or f"Upload-Offset: {size}" not in answer.head:
        raise RuntimeError(f"the upload was not taken: {answer.status}")
    return time.perf_counter() - started


def losses(site: Site, *, quick: bool) -> list[Figure]:
    """What must come again after kills of the connection and of the workers."""
    size, kills = (8 * MB, 10) if quick else (500 * MB, 50)
    source = site.folder / "original"
    upload.write_random(source, size)
    visitor = Visitor(site, site.slug).begin("Een lang filmpje.")
    line = BrokenLine(visitor, source, lambda: kill_workers(site.process.pid))
    line.begin("film.mp4")
    kill_again_and_again(line, kills)
    digest = hashlib.sha256(source.read_bytes()).hexdigest().upper()
    receipt = visitor.follow(visitor.send()).text
    mismatches = int(f"{digest[:4]} {digest[4:8]}" not in receipt)
    source.unlink()
    calm = [one.resent for one in line.kills if not one.kind.endswith("full flow")]
    rushed = [one for one in line.kills if one.kind.endswith("full flow")]
    return [
        Figure(
            f"bytes sent again beyond a chunk, over {len(calm)} kills",
            sum(max(0, lost - CHUNK) for lost in calm),
            "bytes",
            at_most=0,
            note=f"all that was sent had reached the server; at most {max(calm)} a kill",
        ),
        Figure(
            f"bytes sent again beyond what was on its way, over {len(rushed)} kills in full flow",
            sum(max(0, one.resent - one.sent) for one in rushed),
            "bytes",
            at_most=0,
            note=f"{max(one.resent for one in rushed)} at most were on their way",
        ),
        Figure(f"digests that do not fit after {kills} kills", mismatches, "", at_most=0),
    ]
