"""A zip without some of its members, copied packed as they are (runs in the child).

Nothing is unpacked, and of a member that is left out not one byte is asked for. Structure:
APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
"""

import json
import struct
from collections.abc import Collection
from typing import Any, NamedTuple

from evidence_store.inspect import containers
from evidence_store.inspect.child import RangeReader, Refusal, Reply
from evidence_store.inspect.containers import Member

LISTED = 1000
"""Most members that are listed to choose from."""
_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCKED, _UTF8, _NEEDED = 1, 0x800, 20
_METHODS = frozenset({0, 8})
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF


class Place(NamedTuple):
    """Where a member lies: its local header begins, its data begins, its data ends."""

    begin: int
    data: int
    end: int


def work(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """List the members, or make a zip without some.

    Args:
        job: `op` (list or without); for the latter `drop` (places in the directory) and `limit`
            (most bytes of the copy).
        reader: The bytes of the zip.
        reply: Gets the list as JSON, or `kept`, `left_out`, `names` and the copy.

    Raises:
        Refusal: truncated, too_large, or no_copy when nothing is left.
    """
    entries, count = containers.directory(reader)
    if job["op"] == "list":
        listed = [[one.name, one.full] for one in entries[:LISTED]]
        reply.blob(json.dumps(listed).encode())
        return
    kept = _kept(reader, entries, frozenset(job["drop"]))
    if not kept:
        raise Refusal("no_copy")
    if sum(place.end - place.data + 2 * len(one.raw) + 100 for one, place in kept) > job["limit"]:
        raise Refusal("too_large")
    copy = _copied(reader, kept)
    names = [one.name for one, _ in kept[: containers.SHOWN_NAMES]]
    reply.result(
        {"kept": len(kept), "left_out": max(count, len(entries)) - len(kept), "names": names}
    )
    reply.blob(copy)


def _kept(
    reader: RangeReader, entries: list[Member], drop: Collection[int]
) -> list[tuple[Member, Place]]:
    """Choose what stays: nothing that is, touches, or may be what is left out.

    The same content under another name goes too, as do members that cannot be looked into.
    """
    gone = [one for at, one in enumerate(entries) if at in drop]
    if len(gone) < len(drop):
        raise Refusal("no_copy")  # something else was meant: better no copy than a wrong one
    alike = {(one.crc, one.full) for one in gone if one.full}
    shut = [_place(reader, one) or Place(one.offset, one.offset, reader.size) for one in gone]
    kept: list[tuple[Member, Place]] = []
    for at, one in enumerate(entries):
        if at in drop or (one.crc, one.full) in alike or not _readable(one):
            continue
        place = _place(reader, one)
        if place and not any(place.begin < end and begin < place.end for begin, _, end in shut):
            kept.append((one, place))
    return kept[: _FULL_16 - 1]


def _readable(one: Member) -> bool:
    sizes = {one.packed, one.full, one.offset}
    return one.method in _METHODS and not one.flags & _LOCKED and _FULL_32 not in sizes


def _place(reader: RangeReader, one: Member) -> Place | None:
    head = reader.read_at(one.offset, _LOCAL.size)
    if head[:4] != b"PK\x03\x04" or len(head) < _LOCAL.size:
        return None
    data = one.offset + _LOCAL.size + sum(_LOCAL.unpack(head)[-2:])
    end = data + one.packed
    return Place(one.offset, data, end) if end <= reader.size else None


def _copied(reader: RangeReader, kept: list[tuple[Member, Place]]) -> bytes:
    """Write the members one after the other with headers of our own, and a directory."""
    body, listing = bytearray(), bytearray()
    for one, place in kept:
        flags = one.flags & _UTF8
        told = (flags, one.method, one.time, one.date, one.crc, one.packed, one.full)
        at = len(body)
        body += _LOCAL.pack(b"PK\x03\x04", _NEEDED, *told, len(one.raw), 0) + one.raw
        body += reader.read_at(place.data, one.packed)
        listing += _ENTRY.pack(
            b"PK\x01\x02", _NEEDED, _NEEDED, *told, len(one.raw), 0, 0, 0, 0, 0, at
        )
        listing += one.raw
    number = len(kept)
    end = _END.pack(b"PK\x05\x06", 0, 0, number, number, len(listing), len(body), 0)
    return bytes(body + listing + end)
