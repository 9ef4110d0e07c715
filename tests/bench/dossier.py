"""The dossier with many pictures and rows, beside the same one without."""

import io
import time
from datetime import datetime
from pathlib import Path

from portal.demo.samples import screenshot
from portal.dossier import CustodyRow, Fact, render_dossier
from tests.bench.figures import Figure, load
from tests.dossier.sample_dossier import ZONE, exhibit, sample

PICTURES, ROWS = 60, 200
SIZE = (740, 1600)  # renditions are at hand: a screenshot at most 1600 pixels high
SECONDS = 3.0
MAX_BYTES = 40_000_000


def figures(folder: Path, *, quick: bool = False) -> list[Figure]:
    """Seconds to set it, and its size."""
    del folder
    pictures, rows = (4, 20) if quick else (PICTURES, ROWS)
    images = {f"B{number}": jpeg(number) for number in range(1, pictures + 1)}
    full = sample(
        facts=tuple(fact(number) for number in range(rows // 2)),
        custody=tuple(custody(number, pictures) for number in range(rows - rows // 2)),
        exhibits=tuple(
            exhibit(number, f"Schermafbeelding {number}.png", "Afbeelding (PNG)", 1_400_000)
            for number in range(1, pictures + 1)
        ),
    )
    rounds = 1 if quick else 3
    plain = min(timed(sample(), {})[0] for _ in range(rounds))
    runs = [timed(full, images) for _ in range(rounds)]
    return [
        Figure(
            f"dossier with {pictures} screenshots and {rows} rows, best of {rounds}",
            min(seconds for seconds, _ in runs),
            "s",
            at_most=SECONDS,
            baseline=plain,
            baseline_name="five files, no pictures",
            note=load(),
        ),
        Figure("its size", runs[0][1], "bytes", at_most=MAX_BYTES),
    ]


def timed(dossier: object, images: dict[str, bytes]) -> tuple[float, int]:
    started = time.perf_counter()
    document = render_dossier(dossier, images=images)
    return time.perf_counter() - started, len(document)


def jpeg(seed: int) -> bytes:
    out = io.BytesIO()
    screenshot(seed, SIZE).save(out, "JPEG", quality=85)
    return out.getvalue()


def fact(number: int) -> Fact:
    return Fact(
        f"dag {number}\n20.41 uur",
        f"Bericht {number} geplaatst met een kwetsende tekst, gezien door een klasgenoot.",
        "instagram.com/3a_zonder_n",
        address=True,
        exhibits=f"B{number % 5 + 1}",
    )


def custody(number: int, pictures: int) -> CustodyRow:
    moment = datetime(2026, 11, 3, 8 + number % 12, number % 60, tzinfo=ZONE)
    exhibits = f"B{number % pictures + 1}"
    return CustodyRow(1000 + number, moment, "Bestand geopend", "M. Smit", exhibits)
