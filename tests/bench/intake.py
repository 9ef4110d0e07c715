"""The intake pass and reads anywhere, as the library's own benchmark measures them."""

from pathlib import Path

from tests.evidence_store.bench_intake import bench

MEBIBYTES, FEW = 1024, 32


def figures(folder: Path, *, quick: bool = False) -> list[str]:
    """Its lines name target and baseline themselves."""
    return [f"  {line}" for line in bench(FEW if quick else MEBIBYTES, folder)]
