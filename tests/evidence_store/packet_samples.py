"""Invented packets for the tests, and for ``tests/vectors/packet``."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_store.custody import (
    Checkpoint,
    Event,
    commit,
    inclusion_proofs,
    leaf_hash,
    merkle_root,
    sign_checkpoint,
    verifier_key,
)
from evidence_store.packet import DisclosedEvent, PacketContents, PacketItem, Signer, stream_packet

FOLDER = "voorbeeldpakket"
NAME = "voorbeeldschool.example/log"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
NOW = datetime(2026, 11, 20, 11, 30, 8, tzinfo=timezone(timedelta(hours=1)))
SIGNER = Signer.generate("Voorbeeldschool (zelf gemaakt)", NOW)
FILES = {
    "Schermafbeelding 2026-11-19 om 21.04.png": b"\x89PNG\r\n\x1a\n" + b"invented pixels " * 40,
    "../../groepsapp élan \u202e\U0001f642.txt": b"19-11-2026 21:04 - Noor: hou op\n" * 30,
    "leeg\udcff": b"\x00",
}


def item(exhibit: str, name: str, data: bytes) -> PacketItem:
    """An original whose bytes come in pieces of 100."""

    def pieces() -> Iterator[bytes]:
        return (data[i : i + 100] for i in range(0, len(data), 100))

    return PacketItem(exhibit, name, hashlib.sha256(data).hexdigest(), len(data), pieces)


def invented_log(count: int = 9) -> tuple[list[Event], list[dict[str, object]]]:
    """Events of a school's log, and their public parts as logged."""
    events = [
        Event(
            "evidence:opened",
            f"2026-11-20T0{n}:15:00Z",
            {"case": "k3q7", "number": n},
            hashlib.sha256(bytes([n])).digest(),
            {"by": "M. de Wit", "exhibit": f"B{n}"} if n % 2 else None,
        )
        for n in range(count)
    ]
    return events, [{**e.public_part(), "commit": commit(e.salt, e.sealed)} for e in events]


def disclosed(indices: tuple[int, ...] = (1, 4, 7)) -> tuple[str, list[DisclosedEvent]]:
    """A signed checkpoint over the log, and some of its events; the second one unopened."""
    events, public = invented_log()
    leaves = [leaf_hash(part) for part in public]
    proofs = inclusion_proofs(leaves, indices)
    shown = [
        DisclosedEvent(
            index,
            public[index],
            None if index == indices[1] else events[index].salt.hex(),
            None if index == indices[1] else events[index].sealed,
            proofs[index],
        )
        for index in indices
    ]
    checkpoint = Checkpoint(NAME, len(leaves), merkle_root(leaves))
    return sign_checkpoint(checkpoint, LOG_KEY, NAME), shown


def contents(**changes: object) -> PacketContents:
    """The contents of the sound packet, or of one that differs in some fields."""
    checkpoint, events = disclosed()
    fields: dict[str, object] = {
        "folder": FOLDER,
        "created": NOW,
        "organization": "Voorbeeldschool",
        "identifier": "2026-017",
        "items": [item(f"B{n}", name, data) for n, (name, data) in enumerate(FILES.items(), 1)],
        "dossier": b"%PDF-1.7 an invented dossier\n%%EOF\n",
        "events": events,
        "checkpoint": checkpoint,
        "checkpoint_key": verifier_key(NAME, LOG_KEY.public_key()),
        "signer": SIGNER,
    }
    return PacketContents(**{**fields, **changes})  # type: ignore[arg-type]  # any field


def packet(**changes: object) -> bytes:
    """The sound packet, or one that differs in some fields, as a zip."""
    return b"".join(stream_packet(contents(**changes)))


Members = dict[str, bytes]
Change = Callable[[Members], None]


def members(data: bytes) -> Members:
    """The files of a zipped packet by their path within the bag."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            info.filename.removeprefix(f"{FOLDER}/"): archive.read(info)
            for info in archive.infolist()
        }


def zipped(
    files: Members, *, folder: str = f"{FOLDER}/", method: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip made by the standard library, as anyone could make it again."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(folder + name, data)
    return target.getvalue()


def listed(files: Members) -> None:
    """Write the lists anew, as someone does who changes a file but cannot sign."""
    for manifest, payload in (("manifest-sha256.txt", True), ("tagmanifest-sha256.txt", False)):
        rows = [
            f"{hashlib.sha256(data).hexdigest()}  {name}\n"
            for name, data in sorted(files.items())
            if name.startswith("data/") == payload
            and name not in ("tagmanifest-sha256.txt", "handtekening.p7s")
        ]
        files[manifest] = "".join(rows).encode()


def signed(files: Members, signer: Signer = SIGNER) -> None:
    """Write the lists and the signature anew, so that only the change itself is at fault."""
    files["certificaat.pem"] = signer.certificate_pem
    listed(files)
    files["handtekening.p7s"] = signer.sign_detached(files["tagmanifest-sha256.txt"])


def replaced(name: str, old: bytes, new: bytes) -> Change:
    """Replace bytes in a file and sign again."""

    def change(files: Members) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
        signed(files)

    return change
