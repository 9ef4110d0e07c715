"""What goes into a packet, and the names of its files."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evidence_store.canonical import canonical_json
from evidence_store.custody import (
    commit,
    leaf_hash,
    parse_verifier_key,
    verify_checkpoint,
    verify_inclusion,
)
from evidence_store.errors import PacketError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from evidence_store.packet.signer import Signer

FORMAT_VERSION = "1"
"""Version of the packet format, in ``bag-info.txt``."""

DECLARATION = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
DOSSIER = "dossier.pdf"
CUSTODY = "custody.jsonl"
CHECKPOINT = "checkpoint.txt"
CERTIFICATE = "certificaat.pem"
SIGNATURE = "handtekening.p7s"
README = "LEESMIJ.txt"
EXHIBITS = "data/bewijslijst.json"
ORIGINALS = "data/originals/"

REQUIRED = (
    DECLARATION,
    INFO,
    MANIFEST,
    TAG_MANIFEST,
    DOSSIER,
    CUSTODY,
    CHECKPOINT,
    CERTIFICATE,
    README,
    EXHIBITS,
)
"""Files of every packet, beside the signature and the originals."""

DECLARATION_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""The whole of ``bagit.txt`` (RFC 8493 section 2.1.1)."""

KEY_LABEL = "Custody-Checkpoint-Key"
VERSION_LABEL = "Packet-Format"
OXUM_LABEL = "Payload-Oxum"
PRINT_LABEL = "Signing-Certificate-SHA256"

_EXHIBIT = re.compile(r"[A-Z]{1,3}[1-9][0-9]{0,5}")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_STEM_LENGTH = 60


@dataclass(frozen=True)
class PacketItem:
    """One original.

    Attributes:
        exhibit: Exhibit label, one to three capitals and a number, as in ``B1``.
        name: Name under which the file was received, whatever it is.
        sha256: SHA-256 of the original as received, 64 hex digits.
        size: Size of the original in bytes.
        open: Returns the original's bytes in pieces; called once.
    """

    exhibit: str
    name: str
    sha256: str
    size: int
    open: Callable[[], Iterator[bytes]]

    @property
    def path(self) -> str:
        """Path within the bag: label and a plain ASCII form of the name."""
        return f"{ORIGINALS}{self.exhibit}-{safe_name(self.name)}"


@dataclass(frozen=True)
class DisclosedEvent:
    """One event of the custody log, as far as this packet may show it.

    Attributes:
        index: Position in the log, counted from 0.
        public: The public part with its ``commit``, exactly as logged.
        salt_hex: The 32 random bytes as hex if the sealed part is shown, else None.
        sealed: The sealed part, or None if there is none or it is not shown.
        proof: Inclusion proof in the tree of the packet's checkpoint, 32 bytes each.
    """

    index: int
    public: Mapping[str, Any]
    salt_hex: str | None
    sealed: Mapping[str, Any] | None
    proof: Sequence[bytes]

    def line(self) -> bytes:
        """Write the event as a line of ``custody.jsonl``.

        Returns:
            Canonical JSON and a line feed.
        """
        record = {
            "v": 1,
            "index": self.index,
            "public": dict(self.public),
            "salt": self.salt_hex,
            "sealed": None if self.sealed is None else dict(self.sealed),
            "proof": [value.hex() for value in self.proof],
        }
        return canonical_json(record) + b"\n"


@dataclass(frozen=True)
class PacketContents:
    """Everything that one packet is made of.

    Attributes:
        folder: Name of the folder in the zip: letters, digits, ``-`` and ``_``.
        created: When the packet was made, with its zone; stamped on every file in the zip.
        organization: Who made it, for ``bag-info.txt`` and ``LEESMIJ.txt``.
        identifier: The organization's reference for the case.
        items: The originals, in the order of their labels.
        dossier: The PDF.
        events: Custody events by rising index.
        checkpoint: Signed checkpoint that the events' proofs lead to.
        checkpoint_key: Verifier key of the custody log (``custody.verifier_key``).
        signer: Who signs the packet.
    """

    folder: str
    created: datetime
    organization: str
    identifier: str
    items: Sequence[PacketItem]
    dossier: bytes
    events: Sequence[DisclosedEvent]
    checkpoint: str
    checkpoint_key: str
    signer: Signer


def safe_name(name: str) -> str:
    """Turn any file name into plain ASCII that every system accepts.

    Args:
        name: A name as received: any characters, any length, also none.

    Returns:
        At most 71 letters, digits, dots, ``-`` and ``_``; ``bestand`` if nothing is left.
    """
    plain = unicodedata.normalize("NFKD", name.rpartition("/")[2].rpartition("\\")[2])
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", plain.encode("ascii", "ignore").decode())
    extension = _EXTENSION.search(cleaned)
    stem = cleaned[: extension.start()] if extension else cleaned
    stem = re.sub(r"\.{2,}", ".", stem).strip(".-_")[:_STEM_LENGTH].rstrip(".-_") or "bestand"
    return stem + (extension.group() if extension else "")


def exhibit_list(items: Sequence[PacketItem]) -> bytes:
    """Write the list that ties each label to the name under which a file was received.

    Args:
        items: The originals.

    Returns:
        Canonical JSON, the content of ``data/bewijslijst.json``.
    """
    rows = [
        {
            "exhibit": i.exhibit,
            "file": i.path,
            "name": _encodable(i.name),
            "sha256": i.sha256,
            "size": i.size,
        }
        for i in items
    ]
    return canonical_json({"v": 1, "exhibits": rows})


def _encodable(name: str) -> str:
    # A name that was not UTF-8 reaches Python with lone surrogates, which JSON cannot carry.
    return name.encode("utf-8", "backslashreplace").decode()


def check_contents(contents: PacketContents) -> None:
    """Refuse to make a packet that would not verify.

    Args:
        contents: What the packet is to be made of.

    Raises:
        PacketError: A label, digest or folder name is unusable, or an event is not proved.
        DamagedError: The checkpoint is not signed by its key.
    """
    if not _FOLDER.fullmatch(contents.folder) or contents.created.tzinfo is None:
        raise PacketError("A packet needs a plain folder name and a time with its zone.")
    labels = [item.exhibit for item in contents.items]
    if len(set(labels)) != len(labels):
        raise PacketError("Two files of the packet have the same label.")
    for item in contents.items:
        if (
            not _EXHIBIT.fullmatch(item.exhibit)
            or not _SHA256.fullmatch(item.sha256)
            or item.size < 0
        ):
            raise PacketError(f"The label, digest or size of {item.exhibit} is not usable.")
    _check_events(contents)


def _check_events(contents: PacketContents) -> None:
    name, public = parse_verifier_key(contents.checkpoint_key)
    checkpoint = verify_checkpoint(contents.checkpoint, public, name)
    earlier = -1
    for event in contents.events:
        leaf = leaf_hash(event.public)
        shown = event.salt_hex is not None
        if shown and commit(bytes.fromhex(event.salt_hex or ""), event.sealed) != event.public.get(
            "commit"
        ):
            raise PacketError(
                f"The sealed part of event {event.index} is not the one that was logged."
            )
        if not shown and event.sealed is not None:
            raise PacketError(f"Event {event.index} shows its sealed part without the salt.")
        if event.index <= earlier:
            raise PacketError("The events of the packet are not in the order of the log.")
        if not verify_inclusion(leaf, event.index, checkpoint.size, event.proof, checkpoint.root):
            raise PacketError(f"Event {event.index} is not proved by the checkpoint.")
        earlier = event.index
