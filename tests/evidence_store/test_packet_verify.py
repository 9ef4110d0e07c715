"""Verifying packets: every kind of fault is found, alone and by its file."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from evidence_store.packet import MESSAGES, VerifyReport, verify_packet
from tests.evidence_store import packet_faults as faults
from tests.evidence_store import packet_samples as samples
from tests.evidence_store import packet_zips as zips

VECTORS = Path(__file__).parent.parent / "vectors/packet"
EXPECTED = json.loads((VECTORS / "expected.json").read_bytes())


def found(report: VerifyReport) -> set[tuple[str, str]]:
    return {(fault.file, fault.code) for fault in report.faults}


def changed(name: str) -> samples.Members:
    files = samples.members(samples.packet())
    faults.FILE_FAULTS[name][0](files)
    return files


@pytest.mark.parametrize("name", faults.FILE_FAULTS)
def test_each_fault_is_found_in_a_zip(name: str, tmp_path: Path) -> None:
    path = tmp_path / zips.ZIP
    path.write_bytes(samples.zipped(changed(name)))
    assert found(verify_packet(path)) == faults.FILE_FAULTS[name][1]


@pytest.mark.parametrize("name", faults.FILE_FAULTS)
def test_each_fault_is_found_in_a_folder(name: str, tmp_path: Path) -> None:
    for file, data in changed(name).items():
        target = tmp_path / "bag" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for path in (tmp_path, tmp_path / "bag"):
        assert found(verify_packet(path)) == faults.FILE_FAULTS[name][1]


@pytest.mark.parametrize("name", zips.ZIP_FAULTS)
def test_each_deceptive_zip_is_seen_through(name: str, tmp_path: Path) -> None:
    data, expected = zips.ZIP_FAULTS[name]
    path = tmp_path / zips.ZIP
    path.write_bytes(data)
    assert found(verify_packet(path)) == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_the_published_vectors_give_what_they_promise(name: str) -> None:
    promised = {(row["file"], row["code"]) for row in EXPECTED[name]}
    assert found(verify_packet(VECTORS / f"{name}.zip")) == promised


def test_the_vectors_are_complete() -> None:
    names = faults.FILE_FAULTS.keys() | zips.ZIP_FAULTS.keys()
    assert EXPECTED.keys() == names == {path.stem for path in VECTORS.glob("*.zip")}


def test_every_fault_code_has_a_test_and_a_line_in_the_documentation() -> None:
    tested = {
        code
        for _, expected in [*faults.FILE_FAULTS.values(), *zips.ZIP_FAULTS.values()]
        for _, code in expected
    }
    elsewhere = {"unreadable", "too_large", "fingerprint_mismatch"}
    assert tested | elsewhere == MESSAGES.keys()
    text = (Path(__file__).parents[2] / "docs/formats.md").read_text()
    assert [code for code in MESSAGES if f"`{code}`" not in text] == []


def test_several_faults_are_all_reported(tmp_path: Path) -> None:
    files = samples.members(samples.packet())
    for name in ("original_changed", "dossier_missing", "signature_missing", "tag_file_extra"):
        faults.FILE_FAULTS[name][0](files)
    path = tmp_path / "p.zip"
    path.write_bytes(samples.zipped(files))
    report = verify_packet(path)
    assert found(report) == {
        (faults.ORIGINAL, "changed_file"),
        ("dossier.pdf", "missing_file"),
        ("handtekening.p7s", "missing_signature"),
        ("notitie.txt", "extra_file"),
    }
    assert report.to_json()["ok"] is False
    assert all(row["message"].endswith(".") for row in report.to_json()["faults"])


def test_a_forged_packet_with_its_own_certificate_differs_by_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(samples.packet(dossier=b"forged", signer=faults.OTHER))
    assert verify_packet(path).ok  # which is why the readme asks to compare the fingerprint
    report = verify_packet(path, fingerprint=samples.SIGNER.fingerprint)
    assert found(report) == {("certificaat.pem", "fingerprint_mismatch")}
    assert verify_packet(path, fingerprint=faults.OTHER.fingerprint.replace(":", "").lower()).ok


def test_links_and_special_files_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    bag = tmp_path / samples.FOLDER
    with zipfile.ZipFile(VECTORS / "sound.zip") as archive:
        archive.extractall(tmp_path)
    secret = tmp_path.parent / "elders.pdf"
    secret.write_bytes((bag / "dossier.pdf").read_bytes())
    (bag / "dossier.pdf").unlink()
    (bag / "dossier.pdf").symlink_to(secret)
    (bag / "data/link").symlink_to(tmp_path.parent)
    os.mkfifo(bag / "data/pijp")
    assert found(verify_packet(bag)) == {
        ("dossier.pdf", "not_a_file"),
        ("dossier.pdf", "missing_file"),
        ("data/link", "not_a_file"),
        ("data/pijp", "not_a_file"),
    }


def test_a_packet_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert found(verify_packet(tmp_path / "weg.zip")) == {("weg.zip", "not_a_zip")}
    (tmp_path / "leeg").mkdir()
    report = verify_packet(tmp_path / "leeg")
    assert ("bagit.txt", "missing_file") in found(report)
    assert ("handtekening.p7s", "missing_signature") in found(report)


def test_a_file_in_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(VECTORS / "sound.zip") as archive:
        archive.extractall(tmp_path)
    true_open = Path.open

    def failing(self: Path, *args, **kwargs):
        if self.name == "dossier.pdf":
            raise PermissionError(self)
        return true_open(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", failing)
    assert found(verify_packet(tmp_path)) == {("dossier.pdf", "unreadable")}


def test_a_giant_list_is_refused_instead_of_read(tmp_path: Path) -> None:
    files = samples.members(samples.packet())
    files["bagit.txt"] = bytes((1 << 26) + 1)
    samples.signed(files)
    path = tmp_path / "p.zip"
    path.write_bytes(samples.zipped(files))
    assert found(verify_packet(path)) == {("bagit.txt", "too_large")}


def test_names_that_cannot_be_printed_are_escaped_in_the_report(tmp_path: Path) -> None:
    files = samples.members(samples.packet())
    files["\x1b[31m\u202e.txt"] = b"x"
    path = tmp_path / "p.zip"
    path.write_bytes(samples.zipped(files))
    assert found(verify_packet(path)) == {("\\x1b[31m\\u202e.txt", "unsafe_path")}
