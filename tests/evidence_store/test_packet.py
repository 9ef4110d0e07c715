"""Writing packets: checked with tools and a validator that are not ours."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from evidence_store.errors import DamagedError, EvidenceStoreError, PacketError
from evidence_store.packet import DisclosedEvent, PacketItem, Signer, stream_packet, verify_packet
from evidence_store.packet.contents import safe_name
from tests.evidence_store import packet_samples as samples


@pytest.fixture
def packet_path(tmp_path: Path) -> Path:
    path = tmp_path / f"{samples.FOLDER}.zip"
    path.write_bytes(samples.packet())
    return path


@pytest.fixture
def bag(packet_path: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", packet_path, packet_path.parent], check=True
    )
    return packet_path.parent / samples.FOLDER


def readme_line(bag: Path, start: str) -> str:
    lines = (bag / "LEESMIJ.txt").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(start)]
    return line


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_packet_verifies_as_zip_and_as_folder(packet_path: Path, bag: Path) -> None:
    for path in (packet_path, bag, str(packet_path)):
        report = verify_packet(path)
        assert report.ok
        assert report.to_json() == {
            "ok": True,
            "faults": [],
            "fingerprint": samples.SIGNER.fingerprint,
        }


def test_a_zip_made_again_by_another_tool_still_verifies(tmp_path: Path) -> None:
    files = samples.members(samples.packet())
    for folder in (f"{samples.FOLDER}/", ""):
        path = tmp_path / "anders.zip"
        path.write_bytes(samples.zipped(files, folder=folder, method=zipfile.ZIP_DEFLATED))
        assert verify_packet(path).faults == ()


def test_a_packet_extracted_and_zipped_again_still_verifies(bag: Path, tmp_path: Path) -> None:
    for root, base in ((bag, None), (bag.parent, bag.name)):
        again = shutil.make_archive(str(tmp_path / "opnieuw" / "p"), "zip", root, base)
        assert verify_packet(again).faults == ()


def test_originals_are_byte_identical_and_their_names_are_kept(bag: Path) -> None:
    rows = json.loads((bag / "data/bewijslijst.json").read_bytes())["exhibits"]
    found = {row["name"]: (bag / row["file"]).read_bytes() for row in rows}
    assert list(found.values()) == list(samples.FILES.values())
    assert list(found)[:2] == list(samples.FILES)[:2]
    assert list(found)[2] == "leeg\\udcff"  # the one byte that JSON cannot hold, spelled out
    assert all(re.fullmatch(r"data/originals/B\d-[A-Za-z0-9._-]+", row["file"]) for row in rows)


def test_sha256sum_accepts_the_packet_with_the_line_from_the_readme(bag: Path) -> None:
    result = shell(readme_line(bag, "sha256sum -c"), bag)
    assert result.returncode == 0
    assert result.stdout.count(": OK") == len(list(bag.rglob("*.*"))) - 2 + 1  # B3-leeg has no dot
    (bag / "dossier.pdf").write_bytes(b"other")
    assert "dossier.pdf: FAILED" in shell(readme_line(bag, "sha256sum -c"), bag).stdout


def test_openssl_accepts_the_signature_with_the_line_from_the_readme(bag: Path) -> None:
    line = readme_line(bag, "openssl cms -verify")
    assert shell(line, bag).returncode == 0
    with (bag / "tagmanifest-sha256.txt").open("ab") as file:
        file.write(b"\n")
    assert shell(line, bag).returncode != 0


def test_openssl_prints_the_fingerprint_that_the_readme_names(bag: Path) -> None:
    printed = shell(readme_line(bag, "openssl x509"), bag).stdout
    assert printed.strip().partition("=")[2] == samples.SIGNER.fingerprint
    assert samples.SIGNER.fingerprint in (bag / "LEESMIJ.txt").read_text()


def test_an_independent_validator_accepts_the_bag(bag: Path) -> None:
    opened = bagit.Bag(str(bag))
    assert opened.validate()
    assert opened.version_info == (1, 0)
    assert opened.info["Source-Organization"] == "Voorbeeldschool"
    (bag / "data/originals/B3-leeg").write_bytes(b"\x01")
    with pytest.raises(bagit.BagValidationError):
        opened.validate()


def test_stock_unzip_gives_plain_readable_files_with_the_right_time(
    packet_path: Path, tmp_path: Path
) -> None:
    subprocess.run(["unzip", "-q", packet_path, "-d", tmp_path / "u"], check=True)
    for path in (tmp_path / "u").rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o777 == 0o644
            assert path.stat().st_mtime == samples.NOW.timestamp()
    with zipfile.ZipFile(packet_path) as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {samples.NOW.timetuple()[:6]}


def test_a_packet_streams_in_small_memory() -> None:
    size, piece = 64 << 20, bytes(1 << 20)

    def pieces() -> Iterator[bytes]:
        return (piece for _ in range(size // len(piece)))

    digest = hashlib.sha256(bytes(size)).hexdigest()
    contents = samples.contents(items=[PacketItem("B1", "video.mp4", digest, size, pieces)])
    tracemalloc.start()
    total = sum(len(part) for part in stream_packet(contents))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size < total < size + 20_000
    assert peak < 8 << 20


def test_nothing_touches_the_disk_while_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError(args)

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    assert samples.packet().startswith(b"PK\x03\x04")


@pytest.mark.sweep
def test_an_original_over_four_gigabytes_gives_a_zip64_packet(tmp_path: Path) -> None:
    size, piece = (4 << 30) + 5, bytes(1 << 20)
    digest = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        yield from (piece for _ in range(size // len(piece)))
        yield b"12345"

    for part in pieces():
        digest.update(part)
    path = tmp_path / "groot.zip"
    with path.open("wb") as file:
        item = PacketItem("B1", "video.mov", digest.hexdigest(), size, pieces)
        for part in stream_packet(
            samples.contents(items=[item, samples.item("B2", "na.txt", b"after")])
        ):
            file.write(part)
    assert verify_packet(path).faults == ()
    with zipfile.ZipFile(path) as archive:
        assert archive.read(f"{samples.FOLDER}/data/originals/B2-na.txt") == b"after"
    subprocess.run(["unzip", "-tq", path], check=True)


@pytest.mark.parametrize("data", [b"changed!", b"short", b"far too long for this"])
def test_an_original_that_changed_stops_the_packet_before_its_manifest(data: bytes) -> None:
    recorded = samples.item("B1", "a.txt", b"original")
    changed = PacketItem("B1", "a.txt", recorded.sha256, recorded.size, lambda: iter([data]))
    written = []
    with pytest.raises(DamagedError, match="B1"):
        written.extend(stream_packet(samples.contents(items=[changed])))
    assert b"manifest" not in b"".join(written).split(b"B1-a.txt")[-1]
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(written)))


def test_a_failing_store_stops_the_packet_with_its_own_error() -> None:
    def fail() -> Iterator[bytes]:
        yield b"orig"
        raise DamagedError("The content of this object is damaged.")

    item = samples.item("B1", "a.txt", b"original")
    with pytest.raises(DamagedError, match="this object"):
        list(stream_packet(samples.contents(items=[PacketItem("B1", "a", item.sha256, 8, fail)])))


def events_with(**changes: object) -> list[DisclosedEvent]:
    event = samples.disclosed()[1][0]
    return [DisclosedEvent(**{**vars(event), **changes})]


@pytest.mark.parametrize(
    "changes",
    [
        {"folder": "../x"},
        {"folder": ""},
        {"created": datetime(2026, 11, 20, 11, 30)},  # noqa: DTZ001 - a time without zone is the point
        {"items": [samples.item("B1", "a", b"1"), samples.item("B1", "b", b"2")]},
        {"items": [samples.item("../B1", "a", b"1")]},
        {"items": [PacketItem("B1", "a", "A" * 64, 1, lambda: iter([b"1"]))]},
        {"events": events_with(index=2)},
        {"events": events_with(sealed={"by": "N. Ander"})},
        {"events": events_with(salt_hex=None)},
        {"events": samples.disclosed()[1][::-1]},
        {"checkpoint": samples.disclosed()[0].replace("\n9\n", "\n8\n")},
        {"checkpoint_key": "x"},
    ],
)
def test_a_packet_that_would_not_verify_is_refused_before_its_first_byte(
    changes: dict[str, object],
) -> None:
    with pytest.raises(EvidenceStoreError):
        stream_packet(samples.contents(**changes))


def test_what_people_typed_cannot_add_lines_to_the_packet(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(
        samples.packet(organization="School\nPacket-Format: 9\r\nX: y", identifier="\u2028")
    )
    assert verify_packet(path).faults == ()
    info = samples.members(path.read_bytes())["bag-info.txt"].decode()
    assert "Source-Organization: School Packet-Format: 9 X: y\n" in info
    assert "External-Identifier: -\n" in info


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("foto.JPG", "foto.JPG"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\schermafbeelding élan.png", "schermafbeelding-elan.png"),
        ("", "bestand"),
        ("\u202e\U0001f642", "bestand"),
        ("....", "bestand"),
        (".htaccess", "bestand.htaccess"),
        ("-rf .txt", "rf.txt"),
        ("a\0b\nc.pdf", "a-b-c.pdf"),
        ("naam. ", "naam"),
        ("x" * 300 + ".mp4", "x" * 60 + ".mp4"),
        ("archief.tar.gz", "archief.tar.gz"),
    ],
)
def test_names_inside_are_plain_on_every_system(name: str, expected: str) -> None:
    assert safe_name(name) == expected


def certificate(subject: str, key, issuer: str, issuer_key, *, ca: bool) -> x509.Certificate:
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer)
    ]
    return (
        x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def pem(*parts) -> bytes:
    return b"".join(part.public_bytes(serialization.Encoding.PEM) for part in parts)


def key_pem(key, password: bytes = b"") -> bytes:
    lock = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def test_a_school_signs_with_its_own_rsa_certificate(tmp_path: Path) -> None:
    root_key, key = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)
    root = certificate("Uitgever", root_key, "Uitgever", root_key, ca=True)
    leaf = certificate("Voorbeeldschool", key, "Uitgever", root_key, ca=False)
    signer = Signer.from_pem(key_pem(key, b"geheim"), pem(leaf, root), b"geheim")
    assert not signer.self_made
    path = tmp_path / "p.zip"
    path.write_bytes(samples.packet(signer=signer))
    assert verify_packet(path, fingerprint=signer.fingerprint.lower()).faults == ()
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    bag = tmp_path / samples.FOLDER
    result = shell(readme_line(bag, "openssl cms -verify"), bag)
    assert result.returncode == 0, result.stderr
    for mixed in (pem(root, leaf), pem(leaf), b"", b"none"):
        with pytest.raises(PacketError):
            Signer.from_pem(key_pem(key), mixed)


def test_a_signature_made_by_openssl_is_accepted(bag: Path) -> None:
    (bag / "key.pem").write_bytes(samples.SIGNER.key_pem)
    line = (
        "openssl cms -sign -binary -md sha256 -outform DER -signer certificaat.pem"
        " -inkey key.pem -in tagmanifest-sha256.txt -out handtekening.p7s && rm key.pem"
    )
    assert shell(line, bag).returncode == 0
    assert verify_packet(bag).faults == ()


def test_a_key_that_openssl_cannot_use_for_cms_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(PacketError, match="ECDSA or RSA"):
        Signer.from_pem(key_pem(key), samples.SIGNER.certificate_pem)
    with pytest.raises(PacketError, match="cannot be read"):
        Signer.from_pem(b"none", samples.SIGNER.certificate_pem)


def test_a_signer_comes_back_from_its_own_files() -> None:
    again = Signer.from_pem(samples.SIGNER.key_pem, samples.SIGNER.certificate_pem)
    assert again.fingerprint == samples.SIGNER.fingerprint
    assert again.self_made


def test_a_long_school_name_fits_in_a_certificate() -> None:
    assert Signer.generate("Scholengemeenschap " * 8, samples.NOW).self_made
