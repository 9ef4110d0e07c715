"""From a `Dossier` to a PDF: PDF/A-3a and PDF/UA-1, the same bytes each time."""

import dataclasses
import json
import re
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence_store.inspect.sandbox import BytesSource, Limits, Outcome, run_child
from portal.domain import dutch
from portal.dossier.glyphs import MAX_CODES, Printable
from portal.dossier.model import Dossier, ListItem

LIMITS = Limits(memory=700 << 20, cpu_seconds=120, wall_seconds=120.0, output=64 << 20)
MAX_SIDE = 1600
"""Longest side of a picture to hand over, in pixels."""

IMAGE_BUDGET = 24_000_000
"""Bytes of pictures in one document; what is beyond it is named instead."""

MAX_LISTED = 2_000
"""Different replaced characters listed at the end."""

_HASH_COLUMNS = 32
_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2})
_START_OF_SCAN = 0xDA
_SHORTEST = 2


@dataclass(frozen=True)
class Picture:
    file: str
    data: bytes
    width: int
    height: int


class DossierError(Exception):
    """The document could not be made; the message is for the log, without content."""


def render_dossier(dossier: Dossier, *, images: Mapping[str, bytes]) -> bytes:
    """Set a dossier.

    `images` maps exhibit numbers to JPEG renditions of at most `MAX_SIDE`
    pixels, as `make_preview` gives them. Should the typesetter refuse a text
    or a picture that passed the scan, it is set again with more replaced:
    one odd character must never keep someone from going to the police.
    """
    fitting = _fitting(dossier, images)
    outcome = _attempt(dossier, images, fitting, care=0)
    if outcome.fault in {"crash", "memory", "timeout"} and fitting:
        fitting = {}
        outcome = _attempt(dossier, images, fitting, care=0)
    for care, pictures in ((1, fitting), (2, fitting), (2, {})):
        if outcome.fault in {None, "busy", "timeout"}:
            break
        outcome = _attempt(dossier, images, pictures, care=care)
    if outcome.fault or not outcome.blob.startswith(b"%PDF-"):
        raise DossierError(f"dossier was not made ({outcome.fault or 'no PDF'})")
    return outcome.blob


def _fitting(dossier: Dossier, images: Mapping[str, bytes]) -> dict[str, Picture]:
    """Choose sound pictures of known exhibits, in order, as far as the budget goes."""
    chosen: dict[str, Picture] = {}
    left = IMAGE_BUDGET
    for place, exhibit in enumerate(dossier.exhibits):
        data = images.get(exhibit.number, b"")
        size = jpeg_size(data)
        if size and len(data) <= left:
            left -= len(data)
            chosen[exhibit.number] = Picture(f"picture-{place}.svg", data, *size)
    return chosen


def _attempt(
    dossier: Dossier, images: Mapping[str, bytes], pictures: dict[str, Picture], *, care: int
) -> Outcome:
    printable = Printable(care)
    data = _plain(dossier, printable)
    for exhibit, row in zip(dossier.exhibits, data["exhibits"], strict=True):
        picture = pictures.get(exhibit.number)
        row |= {
            "size": dutch.exact_size(exhibit.size),
            "sha256": re.findall(f".{{1,{_HASH_COLUMNS}}}", row["sha256"]),
            "picture": picture and (picture.file, picture.width, picture.height),
            "left_out": exhibit.number in images and picture is None,
        }
    for statement in data["statements"]:
        statement["title"] = _named(statement["title"], "Verhaal")
    data |= {
        "title": _named(data["title"], f"Zaak {data['case_label']}"),
        "created": dutch.long_time(dossier.created),
        "police_list": [data["police_list"].get(item, []) for item in ListItem],
        "unlisted": max(0, printable.total - MAX_CODES),
        "replaced": [
            {"code": f"U+{ord(character):04X}", "count": count}
            for character, count in sorted(printable.replaced.items())[:MAX_LISTED]
        ],
    }
    order = json.dumps(data).encode()
    job = {
        "created": dossier.created.isoformat(),
        "data": len(order),
        "images": [[p.file, len(p.data), p.width, p.height] for p in pictures.values()],
    }
    content = BytesSource(b"".join([order, *(p.data for p in pictures.values())]))
    return run_child("portal.dossier.child", job, content, LIMITS)


def _named(text: str, fallback: str) -> str:
    """A title or heading without a visible character would refuse the document."""
    return text if any(unicodedata.category(c)[0] in "LNPS" for c in text) else fallback


def _plain(value: Any, printable: Printable) -> Any:
    """Turn the tree into JSON values, each text made printable on the way."""
    if isinstance(value, str):
        return printable.text(value)
    if isinstance(value, datetime):
        return dutch.exact_time(value)
    if isinstance(value, dict):
        return {str(key): _plain(entry, printable) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry, printable) for entry in value]
    if dataclasses.is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name), printable) for f in dataclasses.fields(value)
        }
    return value


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height from the frame header (ITU-T T.81, B.2.2)."""
    position = 2
    while data[:2] == b"\xff\xd8" and data[position : position + 1] == b"\xff":
        header = data[position : position + 9].ljust(9, b"\0")
        code, length, height, width = struct.unpack(">xBHxHH", header)
        if code in _FRAME_HEADERS:
            return (width, height) if width and height else None
        if code == _START_OF_SCAN or length < _SHORTEST:
            return None
        position += 2 + length
    return None
