"""One large file through the whole stack: multipart over one connection, to the durable object."""

import os
import re
import subprocess
import time
from pathlib import Path

from tests.bench import drafts
from tests.bench.client import Phone, receive
from tests.bench.figures import MB, Figure, load
from tests.bench.site import Site

BOUNDARY = "----bench7f3a90c2"
MOST_WRITTEN, LEAST_RATE, PEER_RATE = 1.05, 100, 30
PIECE = 1 << 20


def figures(site: Site, *, quick: bool = False) -> list[Figure]:
    """Speed, and bytes written to storage for each byte of the file."""
    size = (32 if quick else 1_000) * MB
    source = site.folder / "original"
    write_random(source, size)
    copying = min(seconds_of(copy_command(source, site.folder / "copy")) for _ in range(2))
    hashing = min(seconds_of(["openssl", "dgst", "-sha256", str(source)]) for _ in range(2))
    (site.folder / "copy").unlink()
    os.sync()
    runs = [_one(site, source, size) for _ in range(1 if quick else 3)]
    seconds = min(run[0] for run in runs)
    by_files, by_system = runs[0][1] / size, min(run[2] for run in runs) / size
    rate = size / seconds / MB
    source.unlink()
    note = f"{hashing / seconds:.2f} of openssl dgst's speed; {load()}"
    return [
        Figure(
            f"upload of {size // MB} MB, one connection, best of {len(runs)}",
            rate,
            "MB/s",
            at_least=LEAST_RATE,
            baseline=size / copying / MB,
            baseline_name="dd conv=fsync",
            note=note,
        ),
        Figure(
            "upload against the best peer",
            rate / PEER_RATE,
            "x",
            at_least=3,
            note="30 MB/s (reference figure)",
        ),
        Figure(
            "bytes in the object folder for each byte sent", by_files, "x", at_most=MOST_WRITTEN
        ),
        Figure(
            "bytes the server wrote to storage for each byte sent",
            by_system,
            "x",
            at_most=MOST_WRITTEN,
            note="write_bytes of all its processes",
        ),
    ]


def _one(site: Site, source: Path, size: int) -> tuple[float, int, int]:
    """Upload once: seconds, growth of the object folder, bytes written by the server."""
    phone = drafts.begin(site)
    stored, written = folder_size(site), site.written()
    seconds = send_file(phone, site, source, size)
    grown = folder_size(site) - stored
    os.sync()
    written = site.written() - written
    page = phone.get(site.path("bestanden")).text
    form = re.search(r'name="remove" value="([^"]+)"', page)
    if form is None:
        raise RuntimeError("the uploaded file is not listed")
    phone.post(site.path("bestanden/haal-weg"), remove=form[1])
    return seconds, grown, written


def send_file(phone: Phone, site: Site, source: Path, size: int) -> float:
    """Seconds from connecting to the answer that the file is safe."""
    start, end = prologue(phone, "film.mp4"), f"\r\n--{BOUNDARY}--\r\n".encode()
    head = upload_head(phone, site, len(start) + size + len(end))
    started = time.perf_counter()
    with phone.connect() as connection, source.open("rb") as file:
        connection.sendall(head + start)
        connection.sendfile(file)
        connection.sendall(end)
        answer = receive(connection, started)
    if answer.status != 303:
        raise RuntimeError(f"the upload was not taken: {answer.status}")
    return answer.seconds


def prologue(phone: Phone, name: str) -> bytes:
    """The fields before the file, as the picker's form sends them, and the head of the file."""
    fields = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in (("t", phone.token), ("intimate", "no"))
    )
    disposition = f'Content-Disposition: form-data; name="files"; filename="{name}"'
    return f"{fields}--{BOUNDARY}\r\n{disposition}\r\nContent-Type: video/mp4\r\n\r\n".encode()


def upload_head(phone: Phone, site: Site, length: int) -> bytes:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    headers = {"Content-Type": kind, "Content-Length": length}
    return phone.request("POST", site.path("bestanden"), headers)


def write_random(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for begin in range(0, size, PIECE):
            file.write(os.urandom(min(PIECE, size - begin)))
        file.flush()
        os.fsync(file.fileno())


def folder_size(site: Site) -> int:
    return sum(one.stat().st_size for one in (site.folder / "evidence").rglob("*") if one.is_file())


def copy_command(source: Path, target: Path) -> list[str]:
    return ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"]


def seconds_of(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
