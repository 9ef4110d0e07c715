"""Fills a demonstration as `portal demo --fill-only` does, with keys of staff that derive quickly.

Deriving the real keys of seventy people takes half of the time; tests of the accounts do that.
"""

from __future__ import annotations

import sys
from typing import Any, Self

from portal.cli import main
from portal.demo import build
from portal.services import derivation, slots


class Here:
    """In place of other processes, in which keys would derive as slowly as ever."""

    def __init__(self, *_most: Any, **_more: Any) -> None:
        self.map = map

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_what: object) -> None:
        pass


if __name__ == "__main__":
    slots.parameters_for_staff = derivation.parameters_for_code
    build.ProcessPoolExecutor = Here
    sys.exit(main(["demo", "--data", sys.argv[1], "--fill-only"]))
