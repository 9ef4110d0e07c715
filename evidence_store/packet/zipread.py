"""Reading a zip strictly, as it may have been made to deceive.

The members must lie one after another without gap or overlap, so that every tool that
opens the zip sees the same files, and none expands beyond its stated size. The standard
library parses the central directory; local headers and data are read here, because its own
reader trusts more than a packet deserves.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from evidence_store.packet.container import CHUNK, bag_folder, is_safe
from evidence_store.packet.faults import Fault, MemberError, make_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LOCAL_HEADER = struct.Struct("<4s2xHH4xIII2H")
_EXTRA_HEADER = struct.Struct("<HH")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_END_SIGNATURE = b"PK\x05\x06"
_END_SIZE = 22
_ENCRYPTED, _HAS_DESCRIPTOR = 0x01, 0x08
_IN_ZIP64 = 0xFFFFFFFF
_LONGEST_DESCRIPTOR = 24
# Info-ZIP's unzip takes the name in this extra field instead of the one that is checked here.
_OTHER_NAME = 0x7075
# Photos, video and PDF barely compress, so an honest packet comes nowhere near this.
_MAX_EXPANSION, _ALWAYS_ALLOWED = 100, 1 << 26


class ZipContainer:
    """A packet as a zip."""

    def __init__(self, path: Path) -> None:
        """Open a zip and check its structure.

        Args:
            path: The zip.

        Raises:
            MemberError: It is no whole zip, or it must not be expanded.
        """
        self.faults: list[Fault] = []
        self.sizes: dict[str, int] = {}
        self._members: dict[str, zipfile.ZipInfo] = {}
        with ExitStack() as stack:
            try:
                self._file = stack.enter_context(path.open("rb"))
                archive = stack.enter_context(zipfile.ZipFile(self._file))
            except (
                zipfile.BadZipFile,
                OSError,
                ValueError,
                NotImplementedError,
                struct.error,
            ) as error:
                raise MemberError(make_fault(path.name, "not_a_zip")) from error
            infos = archive.infolist()
            size = path.stat().st_size
            if sum(info.file_size for info in infos) > _ALWAYS_ALLOWED + _MAX_EXPANSION * size:
                raise MemberError(make_fault(path.name, "zip_bomb"))
            self._layout = _Layout(self._file, infos, archive.start_dir, size)
            self.faults += [
                make_fault(path.name, "zip_structure", detail=text)
                for text in self._layout.complaints
            ]
            self._register([info for info in infos if not _is_folder(info)])
            self._close = stack.pop_all().close

    def read(self, name: str) -> Iterator[bytes]:
        """Read one member in pieces, never more than its stated size.

        Args:
            name: Path within the bag.

        Yields:
            The member's bytes.

        Raises:
            MemberError: The member does not give exactly what the zip says.
        """
        info = self._members[name]
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise MemberError(make_fault(name, "unsupported_member"))
        pieces = self._raw(name, info)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            pieces = _inflate(name, pieces, info.file_size)
        checksum = size = 0
        for piece in pieces:
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
            if size > info.file_size:
                raise MemberError(make_fault(name, "zip_bomb"))
            yield piece
        if (checksum, size) != (info.CRC, info.file_size):
            raise MemberError(make_fault(name, "changed_file"))

    def close(self) -> None:
        """Close the zip."""
        self._close()

    def _raw(self, name: str, info: zipfile.ZipInfo) -> Iterator[bytes]:
        if info.header_offset not in self._layout.starts:
            raise MemberError(make_fault(name, "changed_file"))
        place = self._layout.starts[info.header_offset]
        end = place + info.compress_size
        while place < end:
            self._file.seek(place)
            piece = self._file.read(min(end - place, CHUNK))
            if not piece:
                return
            place += len(piece)
            yield piece

    def _register(self, infos: list[zipfile.ZipInfo]) -> None:
        folder = bag_folder(info.orig_filename for info in infos)
        seen: set[str] = set()
        for info in infos:
            full = info.orig_filename
            name = full.removeprefix(folder)
            code = _name_fault(info, seen) or ("" if full.startswith(folder) else "extra_file")
            seen.add(full.casefold())
            if code:
                self.faults.append(make_fault(name, code))
            if not code or code == "duplicate_member":
                # The last of two members is the one that extracting leaves behind.
                self._members[name] = info
                self.sizes[name] = info.file_size


class _Layout:
    """Where the members' data lie, and what is wrong with their order.

    Attributes:
        starts: Offset of the data by offset of the local header.
        complaints: Dutch descriptions of what is wrong.
    """

    def __init__(
        self, file: BinaryIO, infos: list[zipfile.ZipInfo], directory: int, size: int
    ) -> None:
        """Walk over the local headers.

        Args:
            file: The zip.
            infos: Its members as the central directory has them.
            directory: Offset of the central directory.
            size: Size of the zip in bytes.
        """
        self._file = file
        self._size = size
        self.starts: dict[int, int] = {}
        self.complaints: list[str] = []
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset != end:
                self._complain(
                    f"er ligt iets tussen of over de bestanden, bij {info.orig_filename}"
                )
            end = self._member(info)
        if end != directory:
            self._complain("er ligt iets tussen de bestanden en de inhoudsopgave")
        file.seek(max(0, size - _END_SIZE))
        ending = file.read(_END_SIZE)
        if not ending.startswith(_END_SIGNATURE) or not ending.endswith(b"\0\0"):
            self._complain("er staat iets achter het einde")

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def _member(self, info: zipfile.ZipInfo) -> int:
        header = b""
        # The table of contents may name any offset, also a negative one.
        if 0 <= info.header_offset <= self._size:
            self._file.seek(info.header_offset)
            header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_SIGNATURE):
            self._complain(f"het begin van {info.orig_filename} ontbreekt")
            return -1
        _, flags, method, checksum, packed, size, *lengths = _LOCAL_HEADER.unpack(header)
        name, extra = self._file.read(lengths[0]), self._file.read(lengths[1])
        if {_OTHER_NAME} & (_extra_ids(extra) | _extra_ids(info.extra)):
            self._complain(f"{info.orig_filename} heeft nog een tweede naam")
        start: int = info.header_offset + _LOCAL_HEADER.size + sum(lengths)
        self.starts[info.header_offset] = start
        later = flags & _HAS_DESCRIPTOR
        stated = (checksum, packed, size)
        true = (info.CRC, info.compress_size, info.file_size)
        agrees = later or stated == true or _IN_ZIP64 in stated
        if (
            name != _raw_name(info)
            or (flags, method) != (info.flag_bits, info.compress_type)
            or not agrees
        ):
            self._complain(f"de twee beschrijvingen van {info.orig_filename} verschillen")
        end = start + info.compress_size
        if end > self._size:
            self._complain(f"het einde van {info.orig_filename} ontbreekt")
            return -1
        return end + self._descriptor(end, true) if later else end

    def _descriptor(self, place: int, true: tuple[int, int, int]) -> int:
        self._file.seek(place)
        found = self._file.read(_LONGEST_DESCRIPTOR)
        for form in ("<III", "<IQQ"):
            try:
                bare = struct.pack(form, *true)
            except struct.error:
                continue
            for expected in (_DESCRIPTOR_SIGNATURE + bare, bare):
                if found.startswith(expected):
                    return len(expected)
        self._complain("de controlewaarde achter een bestand ontbreekt")
        return 0


def _extra_ids(extra: bytes) -> set[int]:
    ids = set()
    while len(extra) >= _EXTRA_HEADER.size:
        kind, size = _EXTRA_HEADER.unpack_from(extra)
        ids.add(kind)
        extra = extra[_EXTRA_HEADER.size + size :]
    return ids


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    utf8 = info.flag_bits & 0x800
    return info.orig_filename.encode("utf-8" if utf8 else "cp437", "replace")


def _is_folder(info: zipfile.ZipInfo) -> bool:
    name = info.orig_filename
    return name.endswith("/") and info.file_size == 0 and is_safe(name[:-1])


def _name_fault(info: zipfile.ZipInfo, seen: set[str]) -> str:
    if not is_safe(info.orig_filename):
        return "unsafe_path"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "not_a_file"
    # Windows and macOS do not tell names apart by case, so neither may a packet.
    return "duplicate_member" if info.orig_filename.casefold() in seen else ""


def _inflate(name: str, raw: Iterable[bytes], size: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left = size
    try:
        for piece in raw:
            waiting = piece
            while waiting and not inflater.eof:
                # One byte more than stated is asked for, so that a surplus shows itself.
                data = inflater.decompress(waiting, min(left + 1, CHUNK))
                left -= len(data)
                waiting = inflater.unconsumed_tail
                yield data
                if left < 0:
                    return
    except zlib.error as error:
        raise MemberError(make_fault(name, "changed_file")) from error
    if not inflater.eof or inflater.unused_data:
        raise MemberError(make_fault(name, "changed_file"))
