"""Mail headers and archive listings, never unpacked (runs in the child).

Zip structure: APPNOTE.TXT 6.3, sections 4.3.12 and 4.3.16. Mail: RFC 5322.
"""

import email.header
import email.parser
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from evidence_store.inspect.child import RangeReader, Refusal


class Member(NamedTuple):
    """One entry of a zip's central directory.

    Attributes:
        name: As stored, at most 200 characters.
        packed: Bytes in the archive.
        full: Bytes after unpacking, as declared.
        flags: General purpose flags.
        method: 0 stored, 8 deflated, others are not read.
        offset: Where its local header begins.
        raw: Its name as stored, every byte of it.
        crc: CRC-32 of the unpacked bytes, as declared.
        time: Time of day as MS-DOS writes it.
        date: Day as MS-DOS writes it.
    """

    name: str
    packed: int
    full: int
    flags: int
    method: int
    offset: int
    raw: bytes
    crc: int
    time: int
    date: int


_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED, _LOCKED = 0, 8, 1
_TAIL = 65_557
MAX_DIRECTORY = 4 << 20
MAX_MEMBERS = 20_000
SHOWN_NAMES = 20
MAX_HOPS = 30
_RATIO, _LARGE = 200, 100 << 20
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF  # "see the zip64 record"


def mail_facts(head: bytes) -> dict[str, Any]:
    """Read the headers of a mail.

    Args:
        head: The first bytes of the file; enough for the headers.

    Returns:
        mail_hops (the Received lines, newest first, unfolded), mail_from,
        mail_to, mail_subject, mail_date, mail_message_id.
    """
    message = email.parser.BytesHeaderParser().parsebytes(head)
    hops = [_unfold(str(line)) for line in message.get_all("Received", [])[:MAX_HOPS]]
    found: dict[str, Any] = {"mail_hops": hops}
    for key in ("from", "to", "subject", "date", "message-id"):
        if value := message.get(key):
            found["mail_" + key.replace("-", "_")] = _decoded(value)
    return found


def _unfold(value: str) -> str:
    return re.sub(r"\s+", " ", value).strip()[:500]


def _decoded(value: object) -> str:
    try:
        text = str(email.header.make_header(email.header.decode_header(str(value))))
    except (LookupError, ValueError, UnicodeError):
        text = str(value)
    return _unfold(text)


def zip_facts(reader: RangeReader) -> tuple[dict[str, Any], list[str], str]:
    """List a zip from its central directory, within bounds.

    Args:
        reader: The bytes.

    Returns:
        Facts (members, member_names), warning codes, and what the members
        make of it: "archive", "office" or "program".

    Raises:
        Refusal: truncated (no readable directory).
    """
    entries, count = directory(reader)
    names = [one.name for one in entries]
    found = {"members": count, "member_names": names[:SHOWN_NAMES]}
    warnings = []
    packed = sum(one.packed for one in entries)
    full = sum(one.full for one in entries)
    unsafe = any(n.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", n) for n in names)
    bomb = full > _LARGE and full > _RATIO * max(packed, 1)
    if unsafe or bomb or count > MAX_MEMBERS or len(set(names)) < len(names):
        warnings.append("archive_suspect")
    if any(name.endswith("vbaProject.bin") for name in names):
        warnings.append("active_content")
    if any(one.flags & _LOCKED for one in entries):
        warnings.append("archive_encrypted")
    return found, warnings, _nature(names)


def _nature(names: list[str]) -> str:
    held = set(names)
    if "[Content_Types].xml" in held or {"mimetype", "content.xml"} <= held:
        return "office"
    if held & {"AndroidManifest.xml", "classes.dex"} or "META-INF/MANIFEST.MF" in held:
        return "program"
    return "archive"


def member_head(reader: RangeReader, wanted: Callable[[str], bool], limit: int) -> bytes:
    """Unpack the beginning of the first member that is wanted, within bounds.

    Args:
        reader: The bytes of the zip.
        wanted: Says by its name whether a member is the one.
        limit: Most bytes to give.

    Returns:
        Its first bytes; b"" when there is none that can be read.
    """
    entries, _ = directory(reader)
    one = next((entry for entry in entries if wanted(entry.name)), None)
    if one is None or one.flags & _LOCKED or one.method not in {_STORED, _DEFLATED}:
        return b""
    head = reader.read_at(one.offset, _LOCAL.size)
    if head[:4] != b"PK\x03\x04" or len(head) < _LOCAL.size:
        return b""
    start = one.offset + _LOCAL.size + sum(_LOCAL.unpack(head)[-2:])
    packed = reader.read_at(start, min(one.packed, limit))
    if one.method == _STORED:
        return packed
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
    except zlib.error:
        return b""


def directory(reader: RangeReader) -> tuple[list[Member], int]:
    """Read the central directory, within bounds.

    Args:
        reader: The bytes of the zip.

    Returns:
        The entries, at most `MAX_MEMBERS`, and how many there are said to be.

    Raises:
        Refusal: truncated.
    """
    start = max(0, reader.size - _TAIL)
    tail = reader.read_at(start, _TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Refusal("truncated")
    _, _, _, _, count, size, offset, _ = _END.unpack_from(tail, at)
    if _FULL_32 in {size, offset} or count == _FULL_16:
        offset, size, count = _zip64(reader, tail[:at])
    data = reader.read_at(offset, min(size, MAX_DIRECTORY))
    entries: list[Member] = []
    position = 0
    while len(entries) < MAX_MEMBERS and len(data) - position >= _ENTRY.size:
        row = _ENTRY.unpack_from(data, position)
        if row[0] != b"PK\x01\x02":
            break
        flags, lengths = row[3], row[10:13]
        raw = data[position + _ENTRY.size :][: lengths[0]]
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        entries.append(
            Member(name[:200], row[8], row[9], flags, row[4], row[16], raw, row[7], *row[5:7])
        )
        position += _ENTRY.size + sum(lengths)
    if count and not entries:
        raise Refusal("truncated")
    return entries, count


def _zip64(reader: RangeReader, before: bytes) -> tuple[int, int, int]:
    if before[-20:-16] != b"PK\x06\x07":
        raise Refusal("truncated")
    (offset,) = struct.unpack("<Q", before[-12:-4])
    record = reader.read_at(offset, 56)
    if record[:4] != b"PK\x06\x06" or len(record) < 56:  # noqa: PLR2004 - size of the record
        raise Refusal("truncated")
    count, size, start = struct.unpack("<QQQ", record[32:56])
    return start, size, count
