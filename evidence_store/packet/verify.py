"""Verifying a packet: every fault by file, and never an exception, whatever the input."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence_store.canonical import parse_canonical
from evidence_store.packet import contents as names
from evidence_store.packet.cms import check_signature, read_chain
from evidence_store.packet.container import Container, FolderContainer, is_safe
from evidence_store.packet.faults import Fault, MemberError, VerifyReport, make_fault
from evidence_store.packet.signer import fingerprint as certificate_fingerprint
from evidence_store.packet.verify_log import check_log
from evidence_store.packet.zipread import ZipContainer

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANIFEST_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(\S.*)")
_ESCAPES = {"%0A": "\n", "%0a": "\n", "%0D": "\r", "%0d": "\r", "%25": "%"}
_LARGEST_TEXT = 1 << 26  # bytes; far above any list or log in a packet, far below memory


def verify_packet(path: Path | str, *, fingerprint: str | None = None) -> VerifyReport:
    """Check everything in a packet.

    Args:
        path: The zip, or the folder it was extracted to.
        fingerprint: SHA-256 fingerprint that the certificate must have, from the receipt or
            the school; hex, with or without colons. Without it a packet that was forged and
            signed anew with another self-made certificate is not told from the real one.

    Returns:
        Every fault found. Hostile input gives faults, never an exception.
    """
    path = Path(path)
    try:
        container: Container = FolderContainer(path) if path.is_dir() else ZipContainer(path)
    except MemberError as error:
        return VerifyReport((error.fault,))
    except Exception:  # noqa: BLE001 - hostile input must become a fault, whatever it breaks
        return VerifyReport((make_fault(path.name, "unreadable"),))
    checking = _Checking(container)
    try:
        checking.run(fingerprint)
    except Exception:  # noqa: BLE001 - as above; what was found before it still counts
        checking.faults.append(make_fault(path.name, "unreadable"))
    finally:
        container.close()
    return VerifyReport(tuple(dict.fromkeys(checking.faults)), checking.fingerprint)


class _Checking:
    """One verification: the faults so far."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.faults: list[Fault] = list(container.faults)
        self.fingerprint: str | None = None

    def run(self, wanted: str | None) -> None:
        """Go through all checks."""
        for name in names.REQUIRED:
            if name not in self._container.sizes:
                self._fault(name, "missing_file")
        payload = self._manifest(names.MANIFEST, payload=True)
        tags = self._manifest(names.TAG_MANIFEST, payload=False)
        self._digests({**payload, **tags})
        self._declaration()
        info = self._info()
        self._exhibits(payload)
        self.faults += check_log(
            self._text(names.CHECKPOINT), info.get(names.KEY_LABEL), self._text(names.CUSTODY)
        )
        self._certificate(info, wanted)
        self._signature()

    def _fault(self, file: str, code: str, **details: object) -> None:
        self.faults.append(make_fault(file, code, **details))

    def _text(self, name: str) -> bytes | None:
        """Read a small file; None if it is missing or cannot be read, which is reported."""
        size = self._container.sizes.get(name)
        if size is None:
            return None
        if size > _LARGEST_TEXT:
            self._fault(name, "too_large")
            return None
        try:
            return b"".join(self._container.read(name))
        except MemberError as error:
            self.faults.append(error.fault)
            return None

    def _manifest(self, manifest: str, *, payload: bool) -> dict[str, str]:
        digests: dict[str, str] = {}
        for number, line in enumerate(_lines(self._text(manifest)), 1):
            match = _MANIFEST_LINE.fullmatch(line)
            name = re.sub("%0[AaDd]|%25", lambda m: _ESCAPES[m.group()], match[2]) if match else ""
            if not match or not is_safe(name) or name.startswith("data/") != payload:
                self._fault(manifest, "bad_manifest_line", line=number)
            elif name in digests:
                self._fault(manifest, "duplicate_manifest_line", line=number)
            else:
                digests[name] = match[1].lower()
        return digests

    def _digests(self, digests: dict[str, str]) -> None:
        unlisted = {names.TAG_MANIFEST, names.SIGNATURE}
        for name in self._container.sizes:
            if name not in digests and name not in unlisted:
                self._fault(name, "extra_file")
        for name, digest in digests.items():
            if name not in self._container.sizes:
                self._fault(name, "missing_file")
            elif self._digest(name) not in (digest, None):
                self._fault(name, "changed_file")

    def _digest(self, name: str) -> str | None:
        digest = hashlib.sha256()
        try:
            for piece in self._container.read(name):
                digest.update(piece)
        except MemberError as error:
            self.faults.append(error.fault)
            return None
        return digest.hexdigest()

    def _declaration(self) -> None:
        text = self._text(names.DECLARATION)
        if text is not None and text.replace(b"\r\n", b"\n") != names.DECLARATION_TEXT:
            self._fault(names.DECLARATION, "bad_bag_declaration")

    def _info(self) -> dict[str, str]:
        text = self._text(names.INFO)
        info = {
            label: value.strip()
            for label, _, value in (line.partition(":") for line in _lines(text))
        }
        if text is None:
            return info
        payload = [size for name, size in self._container.sizes.items() if name.startswith("data/")]
        if info.get(names.OXUM_LABEL) != f"{sum(payload)}.{len(payload)}":
            self._fault(
                names.INFO, "bad_bag_info", detail="het aantal bestanden of bytes is anders"
            )
        if info.get(names.VERSION_LABEL) != names.FORMAT_VERSION:
            self._fault(names.INFO, "bad_bag_info", detail="deze versie van het pakket is onbekend")
        return info

    def _exhibits(self, payload: dict[str, str]) -> None:
        data = self._text(names.EXHIBITS)
        if data is None:
            return
        rows = _exhibit_rows(data)
        if rows is None:
            self._fault(names.EXHIBITS, "bad_exhibit_list")
            return
        originals = {name for name in payload if name != names.EXHIBITS}
        for name in sorted(originals | rows.keys()):
            if name not in originals or not self._fits(name, rows.get(name), payload[name]):
                self._fault(name, "exhibit_mismatch")

    def _fits(self, name: str, row: dict[str, Any] | None, digest: str) -> bool:
        if row is None or not name.startswith(names.ORIGINALS):
            return False
        # A file that is missing has its own fault.
        size = self._container.sizes.get(name, row.get("size"))
        return bool(row.get("sha256") == digest and row.get("size") == size)

    def _certificate(self, info: dict[str, str], wanted: str | None) -> None:
        certificates = self._text(names.CERTIFICATE)
        chain = read_chain(certificates) if certificates is not None else None
        if not chain:
            return
        self.fingerprint = certificate_fingerprint(chain[0])
        if wanted is not None and _plain(wanted) != _plain(self.fingerprint):
            self._fault(names.CERTIFICATE, "fingerprint_mismatch")
        if names.INFO in self._container.sizes and info.get(names.PRINT_LABEL) != self.fingerprint:
            self._fault(names.INFO, "bad_bag_info", detail="het certificaat is een ander")

    def _signature(self) -> None:
        if names.SIGNATURE not in self._container.sizes:
            self._fault(names.SIGNATURE, "missing_signature")
            return
        parts = [
            self._text(name) for name in (names.SIGNATURE, names.TAG_MANIFEST, names.CERTIFICATE)
        ]
        # What could not be read has been reported already.
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts):
            self.faults += check_signature(*whole)


def _exhibit_rows(data: bytes) -> dict[str, dict[str, Any]] | None:
    try:
        rows = parse_canonical(data)["exhibits"]
        by_file = {row["file"]: row for row in rows}
    except (ValueError, KeyError, TypeError):
        return None
    sound = all(isinstance(file, str) for file in by_file) and len(by_file) == len(rows)
    return by_file if sound else None


def _plain(fingerprint: str) -> str:
    return re.sub(r"[\s:]", "", fingerprint).upper()


def _lines(text: bytes | None) -> Iterator[str]:
    """Split into lines as BagIt does: LF, CR or CRLF."""
    lines = re.split("\r\n|\n|\r", (text or b"").decode("utf-8", "replace"))
    yield from lines[:-1] if lines[-1] == "" else lines
