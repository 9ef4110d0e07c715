"""One packet for each kind of fault: how it is made, and what must be found in it."""

from __future__ import annotations

import hashlib

from evidence_store.packet import Signer
from tests.evidence_store.packet_samples import (
    NOW,
    SIGNER,
    Change,
    Members,
    listed,
    replaced,
    signed,
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
        {("handtekening.p7s", "certificate_mismatch"), ("bag-info.txt", "bad_bag_info")},
    ),
    "signed_by_another": (resigned(nothing, OTHER), {("bag-info.txt", "bad_bag_info")}),
    "certificate_unreadable": (
        relisted(added("certificaat.pem", b"none")),
        {("certificaat.pem", "bad_certificate")},
    ),
}
"""Name -> (change to a sound packet's files, faults that must be found: file and code)."""
