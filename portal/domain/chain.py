"""Which number a report has by the chain of cases it belongs to.

Cases of the same incident are one report. A new incident after the school acted is the next one,
whichever case of the chain it was linked to. Counter-reports and other links count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

SAME, NEW = "same_incident", "new_incident"
Edge = tuple[str, str, str]
"""Two cases, and the kind of their link."""


def number_of(case_id: str, edges: Iterable[Edge]) -> int:
    """Count the incidents of the chain that a case is part of, each once."""
    links = list(edges)
    chain = _reached({case_id}, links, (SAME, NEW))
    number = 0
    while chain:
        chain -= _reached({next(iter(chain))}, links, (SAME,))
        number += 1
    return number


def _reached(found: set[str], links: list[Edge], kinds: tuple[str, ...]) -> set[str]:
    """Everything that hangs together with these cases through links of some kinds."""
    while True:
        more = {
            end
            for one, other, kind in links
            if kind in kinds and {one, other} & found
            for end in (one, other)
        }
        if more <= found:
            return found
        found = found | more
