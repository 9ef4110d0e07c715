"""One packet for each kind of fault: how it is made, and what must be found in it.

``python -m tests.evidence_store.packet_faults DIR`` writes them as test vectors.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

from evidence_store.packet import Signer
from tests.evidence_store.packet_samples import (
    FOLDER,
    NOW,
    SIGNER,
    Change,
    Members,
    listed,
    members,
    packet,
    replaced,
    signed,
    zipped,
)

Expected = set[tuple[str, str]]

ORIGINAL = "data/originals/B1-Schermafbeelding-2026-11-19-om-21.04.png"
SECOND = "data/originals/B2-groepsapp-elan.txt"
OTHER = Signer.generate("Een ander", NOW)


def dropped(name: str) -> Change:
    def change(files: Members) -> None:
        del files[name]

    return change


def added(name: str, data: bytes = b"x") -> Change:
    def change(files: Members) -> None:
        files[name] = data

    return change


def edited(name: str, old: bytes, new: bytes) -> Change:
    def change(files: Members) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def relisted(change: Change) -> Change:
    def both(files: Members) -> None:
        change(files)
        listed(files)

    return both


def resigned(change: Change, signer: Signer = SIGNER) -> Change:
    def both(files: Members) -> None:
        change(files)
        signed(files, signer)

    return both


def nothing(files: Members) -> None:
    """Leave the packet alone."""


def other_certificate(files: Members) -> None:
    files["certificaat.pem"] = OTHER.certificate_pem


def event_twice(files: Members) -> None:
    lines = files["custody.jsonl"].splitlines(keepends=True)
    files["custody.jsonl"] = b"".join([lines[0], lines[0], *lines[1:]])


def manifest_twice(files: Members) -> None:
    first = files["manifest-sha256.txt"].splitlines(keepends=True)[0]
    files["manifest-sha256.txt"] += first


def signed_anew(files: Members) -> None:
    """List only the tag files anew, so that a changed payload list keeps its change."""
    payload_list = files["manifest-sha256.txt"]
    listed(files)
    old, new = files["manifest-sha256.txt"], payload_list
    digests = [hashlib.sha256(text).hexdigest().encode() for text in (old, new)]
    files["manifest-sha256.txt"] = new
    files["tagmanifest-sha256.txt"] = files["tagmanifest-sha256.txt"].replace(*digests)
    files["handtekening.p7s"] = SIGNER.sign_detached(files["tagmanifest-sha256.txt"])


def manifest_change(change: Change) -> Change:
    def both(files: Members) -> None:
        change(files)
        signed_anew(files)

    return both


FILE_FAULTS: dict[str, tuple[Change, Expected]] = {
    "sound": (nothing, set()),
    "original_missing": (
        dropped(ORIGINAL),
        {(ORIGINAL, "missing_file"), ("bag-info.txt", "bad_bag_info")},
    ),
    "original_changed": (edited(ORIGINAL, b"pixels", b"pixelz"), {(ORIGINAL, "changed_file")}),
    "original_extra": (
        added("data/originals/B9-nieuw.txt"),
        {("data/originals/B9-nieuw.txt", "extra_file"), ("bag-info.txt", "bad_bag_info")},
    ),
    "tag_file_extra": (added("notitie.txt"), {("notitie.txt", "extra_file")}),
    "dossier_missing": (dropped("dossier.pdf"), {("dossier.pdf", "missing_file")}),
    "dossier_changed": (
        edited("dossier.pdf", b"invented", b"altered!"),
        {("dossier.pdf", "changed_file")},
    ),
    "readme_missing": (resigned(dropped("LEESMIJ.txt")), {("LEESMIJ.txt", "missing_file")}),
    "change_hidden_in_lists": (
        relisted(edited("dossier.pdf", b"invented", b"altered!")),
        {("handtekening.p7s", "bad_signature")},
    ),
    "manifest_line_bad": (
        manifest_change(
            edited("manifest-sha256.txt", b"  data/originals/B2", b" /data/originals/B2")
        ),
        {
            ("manifest-sha256.txt", "bad_manifest_line"),
            (SECOND, "extra_file"),
            (SECOND, "exhibit_mismatch"),
        },
    ),
    "manifest_line_escapes": (
        manifest_change(
            edited(
                "manifest-sha256.txt",
                b"  data/originals/B2-groepsapp-elan.txt",
                b"  data/../../etc/passwd",
            )
        ),
        {
            ("manifest-sha256.txt", "bad_manifest_line"),
            (SECOND, "extra_file"),
            (SECOND, "exhibit_mismatch"),
        },
    ),
    "manifest_line_twice": (
        manifest_change(manifest_twice),
        {("manifest-sha256.txt", "duplicate_manifest_line")},
    ),
    "manifest_missing": (
        dropped("manifest-sha256.txt"),
        {
            ("manifest-sha256.txt", "missing_file"),
            *(
                (name, "extra_file")
                for name in (ORIGINAL, SECOND, "data/originals/B3-leeg", "data/bewijslijst.json")
            ),
            *((name, "exhibit_mismatch") for name in (ORIGINAL, SECOND, "data/originals/B3-leeg")),
        },
    ),
    "declaration_other_version": (
        replaced("bagit.txt", b"1.0", b"0.97"),
        {("bagit.txt", "bad_bag_declaration")},
    ),
    "info_other_count": (
        replaced("bag-info.txt", b".4\n", b".5\n"),
        {("bag-info.txt", "bad_bag_info")},
    ),
    "info_other_version": (
        replaced("bag-info.txt", b"Packet-Format: 1", b"Packet-Format: 2"),
        {("bag-info.txt", "bad_bag_info")},
    ),
    "exhibit_list_unreadable": (
        replaced("data/bewijslijst.json", b'"v":1', b'"v":x'),
        {("data/bewijslijst.json", "bad_exhibit_list")},
    ),
    "exhibit_list_other_digest": (
        replaced("data/bewijslijst.json", b'"sha256":"8b', b'"sha256":"8c'),
        {(SECOND, "exhibit_mismatch")},
    ),
    "event_sealed_changed": (
        replaced("custody.jsonl", b"M. de Wit", b"M. de Wal"),
        {("custody.jsonl", "changed_event")},
    ),
    "event_public_changed": (
        replaced("custody.jsonl", b"T01:15", b"T02:15"),
        {("custody.jsonl", "bad_proof")},
    ),
    "event_unopened_changed": (
        replaced("custody.jsonl", b"T04:15", b"T03:15"),
        {("custody.jsonl", "bad_proof")},
    ),
    "event_moved": (
        replaced("custody.jsonl", b'"index":7', b'"index":8'),
        {("custody.jsonl", "bad_proof")},
    ),
    "event_proof_changed": (
        replaced("custody.jsonl", b'"proof":["', b'"proof":["' + b"0" * 64 + b'","'),
        {("custody.jsonl", "bad_proof")},
    ),
    "event_twice": (resigned(event_twice), {("custody.jsonl", "duplicate_event")}),
    "event_unreadable": (
        replaced("custody.jsonl", b'"v":1}\n', b'"v":2}\n'),
        {("custody.jsonl", "bad_custody_line")},
    ),
    "checkpoint_changed": (
        replaced("checkpoint.txt", b"\n9\n", b"\n8\n"),
        {("checkpoint.txt", "bad_checkpoint")},
    ),
    "checkpoint_key_missing": (
        replaced("bag-info.txt", b"Custody-Checkpoint-Key", b"Custody-Key"),
        {("checkpoint.txt", "bad_checkpoint")},
    ),
    "checkpoint_missing": (
        resigned(dropped("checkpoint.txt")),
        {("checkpoint.txt", "missing_file")},
    ),
    "signature_missing": (dropped("handtekening.p7s"), {("handtekening.p7s", "missing_signature")}),
    "signature_broken": (
        added("handtekening.p7s", b"0\x82"),
        {("handtekening.p7s", "bad_signature")},
    ),
    "signature_of_other_content": (
        added("handtekening.p7s", SIGNER.sign_detached(b"other")),
        {("handtekening.p7s", "bad_signature")},
    ),
    "certificate_of_another": (
        relisted(other_certificate),
        {("handtekening.p7s", "certificate_mismatch")},
    ),
    "certificate_unreadable": (
        relisted(added("certificaat.pem", b"none")),
        {("certificaat.pem", "bad_certificate")},
    ),
}
"""Name -> (change to a sound packet's files, faults that must be found: file and code)."""

ZIP = f"{FOLDER}.zip"


def _with_member(name: str, *, mode: int = 0o100644, data: bytes = b"x") -> bytes:
    target = io.BytesIO(packet())
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    with zipfile.ZipFile(target, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns when a name comes twice
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
