"""Writing a packet: a BagIt 1.0 bag (RFC 8493) in a zip, as a stream.

Nothing is spooled: members are stored, their digests follow in data descriptors, and the
lists of digests come after the files they list. A packet that breaks off has no central
directory, so no tool takes it for a whole one.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from datetime import UTC
from typing import IO, TYPE_CHECKING, cast

from evidence_store.errors import DamagedError
from evidence_store.packet import contents as names
from evidence_store.packet.contents import check_contents, exhibit_list
from evidence_store.packet.readme import one_line, readme_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evidence_store.packet.contents import PacketContents, PacketItem

_REGULAR_FILE = 0o100644 << 16  # Unix mode in the upper half of the external attributes
_UNIX = 3
_ONE_ENTRY = 1  # flag of the extended timestamp: modification time only


class _Sink:
    """Collects what zipfile writes; without ``tell`` zipfile knows that it cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: zipfile asks for it."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


class _Bag:
    """The zip being written, with the digests of what is already in it."""

    def __init__(self, contents: PacketContents) -> None:
        self._sink = _Sink()
        self._folder = contents.folder
        self._created = contents.created
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._sink), "w", zipfile.ZIP_STORED)
        self.digests: dict[str, str] = {}

    def add(self, path: str, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Write one member; yields the zip's bytes as they arise."""
        digest = hashlib.sha256()
        with self._zip.open(self._info(path, size), "w") as member:
            for piece in pieces:
                digest.update(piece)
                member.write(piece)
                yield self._sink.take()
        self.digests[path] = digest.hexdigest()
        yield self._sink.take()

    def add_bytes(self, path: str, data: bytes) -> Iterator[bytes]:
        """Write a member that is at hand as a whole."""
        return self.add(path, [data], len(data))

    def close(self) -> bytes:
        """Write the central directory."""
        self._zip.close()
        return self._sink.take()

    def manifest(self, *, payload: bool) -> bytes:
        """List the digests so far, in the form that ``sha256sum -c`` reads."""
        rows = sorted(
            (path, digest)
            for path, digest in self.digests.items()
            if path.startswith("data/") == payload
        )
        return "".join(f"{digest}  {path}\n" for path, digest in rows).encode()

    def _info(self, path: str, size: int) -> zipfile.ZipInfo:
        moment = self._created
        info = zipfile.ZipInfo(f"{self._folder}/{path}", moment.timetuple()[:6])
        info.create_system = _UNIX
        info.external_attr = _REGULAR_FILE
        info.file_size = size  # lets zipfile choose zip64 before it has seen the bytes
        # A zip's own times have no zone; the extended timestamp gives the exact instant.
        instant = int(moment.astimezone(UTC).timestamp())
        info.extra = struct.pack("<2sHBI", b"UT", 5, _ONE_ENTRY, instant)
        return info


def stream_packet(contents: PacketContents) -> Iterator[bytes]:
    """Write a packet, piece by piece.

    What can be refused is refused by the call itself, before the first byte.

    Args:
        contents: What the packet is made of.

    Returns:
        The bytes of the zip in pieces of the size that the originals come in. The iterator
        raises DamagedError, before the manifest is written, when an original is not the one
        that was recorded.

    Raises:
        PacketError: The packet would not verify.
        DamagedError: The checkpoint is not signed by its key.
    """
    check_contents(contents)
    return (piece for piece in _write(contents) if piece)


def _write(contents: PacketContents) -> Iterator[bytes]:
    bag = _Bag(contents)
    yield from bag.add_bytes(names.DECLARATION, names.DECLARATION_TEXT)
    yield from bag.add_bytes(names.README, readme_text(contents))
    yield from bag.add_bytes(names.DOSSIER, contents.dossier)
    yield from bag.add_bytes(names.CUSTODY, b"".join(event.line() for event in contents.events))
    yield from bag.add_bytes(names.CHECKPOINT, contents.checkpoint.encode())
    yield from bag.add_bytes(names.CERTIFICATE, contents.signer.certificate_pem)
    listing = exhibit_list(contents.items)
    yield from bag.add_bytes(names.EXHIBITS, listing)
    for item in contents.items:
        yield from bag.add(item.path, _checked(item), item.size)
    yield from bag.add_bytes(names.INFO, _info_text(contents, len(listing)))
    yield from bag.add_bytes(names.MANIFEST, bag.manifest(payload=True))
    tag_manifest = bag.manifest(payload=False)
    yield from bag.add_bytes(names.TAG_MANIFEST, tag_manifest)
    yield from bag.add_bytes(names.SIGNATURE, contents.signer.sign_detached(tag_manifest))
    yield bag.close()


def _checked(item: PacketItem) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    for piece in item.open():
        size += len(piece)
        if size > item.size:
            break
        digest.update(piece)
        yield piece
    if size != item.size or digest.hexdigest() != item.sha256:
        raise DamagedError(
            f"Exhibit {item.exhibit} is not the file that was received; the packet was not made."
        )


def _info_text(contents: PacketContents, listing_size: int) -> bytes:
    octets = listing_size + sum(item.size for item in contents.items)
    rows = [
        ("Source-Organization", one_line(contents.organization)),
        ("External-Identifier", one_line(contents.identifier)),
        ("Bagging-Date", contents.created.date().isoformat()),
        ("Bagging-Instant", contents.created.isoformat(timespec="seconds")),
        ("Bag-Software-Agent", "evidence-store"),
        (names.VERSION_LABEL, names.FORMAT_VERSION),
        (names.OXUM_LABEL, f"{octets}.{len(contents.items) + 1}"),
        (names.PRINT_LABEL, contents.signer.fingerprint),
        (names.KEY_LABEL, contents.checkpoint_key),
    ]
    return "".join(f"{label}: {value}\n" for label, value in rows).encode()
