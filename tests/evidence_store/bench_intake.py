"""Figures of the intake pass and of reads anywhere, each beside a baseline of the same run.

Run as ``python -m tests.evidence_store.bench_intake [MEBIBYTES] [FOLDER]``. Nothing is asserted:
the figures mean something on an idle machine only.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from evidence_store import EvidenceStore, Identity, LocalBackend

ROUNDS = 5
READS = 500
MIB = 1 << 20


def bench(mebibytes: int, folder: Path) -> list[str]:
    """Measure with one random file and return the lines to print."""
    source = folder / "original"
    with source.open("wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MIB))
        file.flush()
        os.fsync(file.fileno())
    identity = Identity.generate()
    store = EvidenceStore(LocalBackend(folder / "store"))
    hashing, copying, taking = [], [], []
    growth = 0
    for _ in range(ROUNDS):
        hashing.append(seconds(lambda: run("openssl", "dgst", "-sha256", str(source))))
        copy = f"of={folder / 'copy'}"
        copying.append(seconds(lambda copy=copy: run("dd", f"if={source}", copy, *DD)))
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # begins the peak anew
        taking.append(seconds(lambda: take_in(store, source, identity)))
        growth = max(growth, resident("VmHWM") - before)
    best, worst = min(taking), max(taking)
    by_hash, by_copy = best / min(hashing), best / min(copying)
    return [
        f"intake of {mebibytes} MiB: best {best:.2f} s, worst {worst:.2f} s of {ROUNDS}",
        f"  openssl dgst -sha256: best {min(hashing):.2f} s, ratio {by_hash:.2f} (<= 2.5)",
        f"  dd conv=fsync: best {min(copying):.2f} s, ratio {by_copy:.2f} (<= 1.1)",
        f"  memory growth: {growth / MIB:.1f} MiB (<= 16)",
        reads(store, identity),
    ]


DD = ("bs=1M", "conv=fsync", "status=none")


def reads(store: EvidenceStore, identity: Identity) -> str:
    """Read 1 MiB at random places of the object that was taken in last."""
    (item_id, *_) = store.fsck().objects
    dice = random.Random(1)
    with store.open(item_id, [identity]) as original:
        places = [dice.randrange(max(1, original.size - MIB)) for _ in range(READS)]
        times = sorted(seconds(lambda at=at: original.read_at(at, MIB)) for at in places)
    p50, p99 = times[READS // 2] * 1000, times[READS * 99 // 100] * 1000
    return f"1 MiB read anywhere in it: p50 {p50:.1f} ms, p99 {p99:.1f} ms (<= 5)"


def take_in(store: EvidenceStore, source: Path, identity: Identity) -> None:
    with source.open("rb", buffering=0) as file:
        store.take_in(file, [identity.recipient])


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def run(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Print the figures."""
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    where = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
        print("\n".join(bench(mebibytes, Path(folder))))


if __name__ == "__main__":
    main()
