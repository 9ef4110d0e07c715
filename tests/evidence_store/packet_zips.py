"""Zips made to deceive, and what must be found in each.

``python -m tests.evidence_store.packet_zips DIR`` writes these and the packets of
``packet_faults`` as test vectors.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

from tests.evidence_store.packet_faults import FILE_FAULTS, ORIGINAL, SECOND, Expected
from tests.evidence_store.packet_samples import FOLDER, members, packet, zipped

ZIP = f"{FOLDER}.zip"


def _with_member(name: str, *, mode: int = 0o100644, data: bytes = b"x") -> bytes:
    target = io.BytesIO(packet())
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    with zipfile.ZipFile(target, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns when a name comes twice
        archive.writestr(info, data)
    return target.getvalue()


def second_name() -> bytes:
    """A member with a second name in an extra field, which some tools extract it under."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members(packet()).items():
            info = zipfile.ZipInfo(f"{FOLDER}/{name}")
            if name == "dossier.pdf":
                other = b"../evil.sh"
                field = struct.pack("<BI", 1, zlib.crc32(info.filename.encode())) + other
                info.extra = struct.pack("<HH", 0x7075, len(field)) + field
            archive.writestr(info, data)
    return target.getvalue()


def _central(data: bytes, name: str) -> int:
    """Offset of a member's entry in the central directory."""
    return data.rindex(f"{FOLDER}/{name}".encode()) - 46


def _patched(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def declared_larger(size: int) -> bytes:
    """A deflated member that says it expands to ``size`` bytes."""
    data = zipped(members(packet()), method=zipfile.ZIP_DEFLATED)
    return _patched(data, _central(data, "dossier.pdf") + 24, struct.pack("<I", size))


def expanding_beyond_declared() -> bytes:
    """A deflated member that says 100 bytes and holds a million zeros."""
    files = members(packet())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(
                f"{FOLDER}/{name}", b"\0" * 1_000_000 if name == "dossier.pdf" else data
            )
    data = target.getvalue()
    for place in (
        _central(data, "dossier.pdf") + 24,
        data.index(f"{FOLDER}/dossier.pdf".encode()) - 8,
    ):
        data = _patched(data, place, struct.pack("<I", 100))
    return data


def overlapping() -> bytes:
    """Two entries of the central directory that point at the same data."""
    data = packet()
    first, second = (_central(data, name) for name in (ORIGINAL, SECOND))
    return _patched(data, second + 42, data[first + 42 : first + 46])


def with_prefix() -> bytes:
    """Something hidden before the zip, which most tools skip in silence."""
    return b"MZ hidden" + packet()


def in_between() -> bytes:
    """Something hidden between the members and the central directory."""
    data = packet()
    end = data.rindex(b"PK\x05\x06")
    (start,) = struct.unpack("<I", data[end + 16 : end + 20])
    moved = _patched(data, end + 16, struct.pack("<I", start + 6))
    return moved[:start] + b"hidden" + moved[start:]


def encrypted() -> bytes:
    """A member marked as encrypted."""
    data = packet()
    data = _patched(data, _central(data, "dossier.pdf") + 8, b"\x09")
    return _patched(data, data.index(f"{FOLDER}/dossier.pdf".encode()) - 24, b"\x09")


def wrong_checksum() -> bytes:
    """A member that no list covers, with a checksum that does not fit."""
    data = packet()
    wrong = struct.pack("<I", zlib.crc32(b"something else"))
    right = data[_central(data, "handtekening.p7s") + 16 :][:4]
    return data.replace(right, wrong)


ZIP_FAULTS: dict[str, tuple[bytes, Expected]] = {
    "zip_truncated": (packet()[:-30], {(ZIP, "not_a_zip")}),
    "zip_cut_in_the_middle": (packet()[:4000], {(ZIP, "not_a_zip")}),
    "zip_empty_file": (b"", {(ZIP, "not_a_zip")}),
    "zip_not_at_all": (b"<html>" * 100, {(ZIP, "not_a_zip")}),
    "zip_member_twice": (
        _with_member(f"{FOLDER}/dossier.pdf"),
        {("dossier.pdf", "duplicate_member"), ("dossier.pdf", "changed_file")},
    ),
    "zip_traversal": (_with_member(f"{FOLDER}/../../evil.sh"), {("../../evil.sh", "unsafe_path")}),
    "zip_absolute": (_with_member("/etc/cron.d/evil"), {("/etc/cron.d/evil", "unsafe_path")}),
    "zip_backslash": (_with_member("..\\evil.exe"), {("..\\evil.exe", "unsafe_path")}),
    "zip_drive": (_with_member("C:/evil.exe"), {("C:/evil.exe", "unsafe_path")}),
    "zip_symlink": (
        _with_member(f"{FOLDER}/dossier", mode=0o120777, data=b"/etc/passwd"),
        {("dossier", "not_a_file")},
    ),
    "zip_outside_bag": (_with_member("ernaast.txt"), {("ernaast.txt", "extra_file")}),
    "zip_case_twin": (
        _with_member(f"{FOLDER}/DOSSIER.pdf"),
        {("DOSSIER.pdf", "duplicate_member"), ("DOSSIER.pdf", "extra_file")},
    ),
    "zip_bomb_declared": (declared_larger(0xF0000000), {(ZIP, "zip_bomb")}),
    "zip_bomb_undeclared": (expanding_beyond_declared(), {("dossier.pdf", "zip_bomb")}),
    "zip_overlap": (
        overlapping(),
        {(ZIP, "zip_structure"), (SECOND, "changed_file")},
    ),
    "zip_prefix": (with_prefix(), {(ZIP, "zip_structure")}),
    "zip_gap": (in_between(), {(ZIP, "zip_structure")}),
    "zip_trailing": (packet() + b"hidden", {(ZIP, "zip_structure")}),
    "zip_second_name": (second_name(), {(ZIP, "zip_structure")}),
    "zip_encrypted": (encrypted(), {("dossier.pdf", "unsupported_member")}),
    "zip_checksum": (wrong_checksum(), {("handtekening.p7s", "changed_file")}),
}
"""Name -> (bytes of the packet, faults that must be found: file and code)."""


def write_vectors(target: Path) -> None:
    """Write every packet with what must be found in it, for other implementations."""
    index = {}
    sound = members(packet())
    for name, (change, expected) in FILE_FAULTS.items():
        files = dict(sound)
        change(files)
        (target / f"{name}.zip").write_bytes(zipped(files) if expected else packet())
        index[name] = expected
    for name, (data, expected) in ZIP_FAULTS.items():
        (target / f"{name}.zip").write_bytes(data)
        index[name] = expected
    # The name of the packet itself stands for faults of the zip as a whole.
    rows = {
        name: [
            {"file": f"{name}.zip" if file == ZIP else file, "code": code}
            for file, code in sorted(found)
        ]
        for name, found in sorted(index.items())
    }
    (target / "expected.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_vectors(Path(sys.argv[1]))
