"""Which characters the bundled fonts can draw, and what to print for the rest.

In PDF/A and PDF/UA one character without a glyph refuses the whole document
(evidence reference, section 4), so every text passes here first. The cmap
reader follows the OpenType specification, formats 4 and 12.
"""

import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

FONTS = Path(__file__).resolve().parent / "fonts"

MAX_CODES = 3_000
"""Codes printed in one document; a story in a script without glyphs would grow eightfold."""

PLACEHOLDER = "\u25a1"

_BREAKS = frozenset("\n\x0b\x0c\x85\u2028\u2029")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_MARKS = frozenset("\u200e\u200f")
_ASCII = range(0x20, 0x7F)
_SEGMENTED, _GROUPED = 4, 12
_UNICODE_TABLES = {(0, 3), (0, 4), (3, 1), (3, 10)}


@dataclass
class Printable:
    """Turns any text into one that can be set, and remembers what it replaced.

    `care` 0 keeps all that the fonts cover, 1 drops combined characters, 2
    keeps only ASCII letters, digits and signs.
    """

    care: int = 0
    replaced: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def text(self, value: str) -> str:
        """Give the printable form; a missing character becomes `[U+4F60]`."""
        plain = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        if plain.isascii() and plain.replace("\n", "").isprintable():
            return plain
        return "".join(self._cluster(cluster) for cluster in _clusters(plain))

    def _cluster(self, cluster: str) -> str:
        if cluster in _BREAKS:
            return "\n"
        if self._fits(cluster):
            return cluster
        return "".join(c if self._fits(c) else self._replacement(c) for c in cluster)

    def _fits(self, cluster: str) -> bool:
        if self.care > 1 or len(cluster) > (1 if self.care else 12):
            return len(cluster) == 1 and ord(cluster) in _ASCII
        if not all(_allowed(c) for c in cluster):
            return False
        drawn = [ord(c) for c in cluster if c not in _JOINERS and c not in _MARKS]
        if unicodedata.category(cluster[0]).startswith("M") or cluster[0] in _JOINERS:
            return False
        return not drawn or any(covered.issuperset(drawn) for covered in coverage())

    def _replacement(self, character: str) -> str:
        self.replaced[character] = self.replaced.get(character, 0) + 1
        self.total += 1
        return f"[U+{ord(character):04X}]" if self.total <= MAX_CODES else PLACEHOLDER


def _allowed(character: str) -> bool:
    if character in _JOINERS or character in _MARKS:
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _clusters(text: str) -> Iterator[str]:
    """Group a base character with the marks and joined characters behind it."""
    start = 0
    for end in range(1, len(text)):
        character = text[end]
        joined = character in _JOINERS or text[end - 1] == "\u200d"
        modifier = "\U0001f3fb" <= character <= "\U0001f3ff"
        if not (joined or modifier or unicodedata.category(character).startswith("M")):
            yield text[start:end]
            start = end
    if text:
        yield text[start:]


@cache
def coverage() -> tuple[frozenset[int], ...]:
    """Read the code points of each bundled font, once per process."""
    return tuple(font_coverage(path) for path in sorted(FONTS.glob("*.ttf")))


def font_coverage(path: Path) -> frozenset[int]:
    with path.open("rb") as file:
        (tables,) = struct.unpack(">4xH6x", file.read(12))
        records = [struct.unpack(">4s4xII", file.read(16)) for _ in range(tables)]
        start = next(offset for tag, offset, _ in records if tag == b"cmap")
        file.seek(start)
        (count,) = struct.unpack(">2xH", file.read(4))
        places = [struct.unpack(">HHI", file.read(8)) for _ in range(count)]
        points: set[int] = set()
        for platform, encoding, offset in places:
            if (platform, encoding) in _UNICODE_TABLES:
                points.update(_subtable(file, start + offset))
    return frozenset(points)


def _subtable(file: BinaryIO, start: int) -> Iterator[int]:
    file.seek(start)
    kind, length = struct.unpack(">HH", file.read(4))
    if kind == _GROUPED:
        _, groups = struct.unpack(">4xII", file.read(12))
        for first, last, glyph in struct.iter_unpack(">III", file.read(12 * groups)):
            yield from range(first + (glyph == 0), last + 1)
    elif kind == _SEGMENTED:
        yield from _segments(file.read(length - 4))


def _segments(table: bytes) -> Iterator[int]:
    (doubled,) = struct.unpack_from(">H", table, 2)
    count = doubled // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", table, 10 + doubled * part + 2 * (part > 0))
        for part in range(4)
    )
    base = 10 + doubled * 3 + 2
    for i in range(count):
        for point in range(starts[i], min(ends[i], 0xFFFE) + 1):
            glyph = point
            if offsets[i]:
                at = base + 2 * i + offsets[i] + 2 * (point - starts[i])
                (glyph,) = struct.unpack_from(">H", table, at)
                if glyph == 0:
                    continue
            if (glyph + deltas[i]) % 0x10000:
                yield point
