"""Print every figure beside its target and a baseline of the same run.

``python -m tests.bench [--only NAME] [--quick]``. Nothing is asserted: the absolute figures mean
something on an idle machine only, so the load is printed beside them.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    crowd,
    dossier,
    handset,
    intake,
    landing,
    overview,
    resuming,
    sending,
    slow,
    upload,
)
from tests.bench.figures import Figure, load
from tests.bench.site import Site, running

SERVED: dict[str, Callable[..., list[Figure]]] = {
    "landing": landing.figures,
    "handset": handset.figures,
    "sending": sending.figures,
    "class": crowd.class_at_once,
    "address": crowd.from_one_address,
    "slow": slow.figures,
    "upload": upload.figures,
    "resuming": resuming.figures,
}
ALONE: dict[str, Callable[..., list[Figure]]] = {
    "intake": intake.figures,
    "overview": overview.figures,
    "dossier": dossier.figures,
}


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*ALONE, *SERVED], help="one figure")
    parser.add_argument("--quick", action="store_true", help="small samples, to see that it works")
    parser.add_argument("--folder", type=Path, help="where to work (default: the temp folder)")
    given = parser.parse_args()
    wanted = given.only or [*ALONE, *SERVED]
    print(f"Measured now: {load()}. Ratios are to a baseline of the same run.")
    folder = Path(tempfile.mkdtemp(prefix="bench", dir=given.folder))
    try:
        measure(wanted, folder, quick=given.quick)
    finally:
        shutil.rmtree(folder)


def measure(wanted: list[str], folder: Path, *, quick: bool) -> None:
    for name in (one for one in ALONE if one in wanted):
        scratch = folder / name
        scratch.mkdir()
        show(name, ALONE[name](scratch, quick=quick))
        shutil.rmtree(scratch)
    served = [one for one in SERVED if one in wanted]
    if served:
        with running(folder / "site") as site:
            measure_served(served, site, quick=quick)


def measure_served(wanted: list[str], site: Site, *, quick: bool) -> None:
    for name in wanted:
        show(name, SERVED[name](site, quick=quick))


def show(name: str, figures: list[Figure]) -> None:
    print(f"{name} ({load()})")
    print("\n".join(map(str, figures)), flush=True)


if __name__ == "__main__":
    main()
