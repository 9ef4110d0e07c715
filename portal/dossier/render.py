"""From a `Dossier` to a PDF: PDF/A-3a and PDF/UA-1, the same bytes each time."""

import dataclasses
import json
import re
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from evidence_store.inspect.sandbox import BytesSource, Limits, Outcome, run_child
from portal.dossier import dutch
from portal.dossier.glyphs import Printable
from portal.dossier.model import Dossier, ListItem

LIMITS = Limits(memory=700 << 20, cpu_seconds=120, wall_seconds=120.0, output=64 << 20)
MAX_SIDE = 1600
"""Longest side of a picture to hand over, in pixels."""

_CARES = ((0, True), (1, True), (2, True), (2, False))
_HASH_COLUMNS = 32
_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2})
_START_OF_SCAN = 0xDA
_SHORTEST = 2


class DossierError(Exception):
    """The document could not be made; the message is for the log, without content."""


def render_dossier(dossier: Dossier, *, images: Mapping[str, bytes]) -> bytes:
    """Set a dossier.

    `images` maps exhibit numbers to JPEG renditions of at most `MAX_SIDE`
    pixels, as `make_preview` gives them. Should the typesetter refuse a text
    or a picture that passed the scan, it is set again with more replaced:
    one odd character must never keep someone from going to the police.
    """
    numbers = {exhibit.number for exhibit in dossier.exhibits}
    sound = {
        number: data
        for number, data in images.items()
        if number in numbers and jpeg_size(data) is not None
    }
    outcome = Outcome(fault="nothing tried")
    for care, with_images in _CARES:
        left_out = bool(sound) and not with_images
        outcome = _attempt(dossier, {} if left_out else sound, care, left_out=left_out)
        if outcome.fault in {None, "busy", "timeout"}:
            break
    if outcome.fault or not outcome.blob.startswith(b"%PDF-"):
        raise DossierError(f"dossier was not made ({outcome.fault or 'no PDF'})")
    return outcome.blob


def _attempt(
    dossier: Dossier, images: Mapping[str, bytes], care: int, *, left_out: bool = False
) -> Outcome:
    printable = Printable(care)
    data = _plain(dossier, printable)
    pictures = {
        number: (f"picture-{place}.svg", *(jpeg_size(image) or (1, 1)))
        for place, (number, image) in enumerate(images.items())
    }
    for exhibit, row in zip(dossier.exhibits, data["exhibits"], strict=True):
        row |= {
            "size": dutch.size(exhibit.size),
            "sha256": re.findall(f".{{1,{_HASH_COLUMNS}}}", row["sha256"]),
            "picture": pictures.get(exhibit.number),
        }
    data |= {
        "created": dutch.long_time(dossier.created),
        "police_list": [data["police_list"].get(item, []) for item in ListItem],
        "pictures_left_out": left_out,
        "replaced": [
            {"code": f"U+{ord(character):04X}", "count": count}
            for character, count in sorted(printable.replaced.items())
        ],
    }
    order = json.dumps(data).encode()
    job = {
        "created": dossier.created.isoformat(),
        "data": len(order),
        "images": [
            [name, len(images[number]), width, height]
            for number, (name, width, height) in pictures.items()
        ],
    }
    content = BytesSource(b"".join([order, *images.values()]))
    return run_child("portal.dossier.child", job, content, LIMITS)


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
        return {f.name: _plain(getattr(value, f.name), printable) for f in dataclasses.fields(value)}
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
