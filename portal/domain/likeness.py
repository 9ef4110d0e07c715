"""Whether two pictures look alike, by the marks that the intake made of their previews.

The mark is the difference hash of `evidence_store.inspect.likeness`, 128 bits. Of made-up photos
and chats, the same one compressed, resized or cropped by a few percent differs in up to 18 bits,
and another one in 24 or more. Alike is a hint: only a person who looks can say that it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_APART = 18
"""Bits that may differ."""


def alike(marks: Iterable[str], others: Iterable[str]) -> int:
    """Count how many of these may be of the same picture as one of the others."""
    known = [int(other, 16) for other in others]
    return sum(
        any((int(mark, 16) ^ other).bit_count() <= MOST_APART for other in known) for mark in marks
    )
