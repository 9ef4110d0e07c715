"""Whether two pictures look alike, by the marks that the intake made of their previews.

The mark is the difference hash of `evidence_store.inspect.likeness`, 128 bits. Of made-up photos
and chats, the same one compressed, resized or cropped by a few percent differs in up to 18 bits,
and another one in 24 or more. Alike is a hint: only a person who looks can say that it is the same.
"""

from __future__ import annotations

MOST_APART = 18
"""Bits that may differ."""


def apart(one: str, other: str) -> int:
    """Count in how many bits two marks differ (Hamming distance)."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def alike(one: str, other: str) -> bool:
    """Whether two marks may be of the same picture."""
    return apart(one, other) <= MOST_APART
