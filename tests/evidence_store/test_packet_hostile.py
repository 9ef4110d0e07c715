"""Verifying never raises and never accepts a changed packet, whatever the bytes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store.packet import verify_packet
from evidence_store.packet.cms import check_signature
from tests.evidence_store import packet_samples as samples

SOUND = samples.packet()


def data_ranges() -> list[range]:
    """Where the members' data lie: after each 30-byte header, name and 9 bytes of extra field."""
    with zipfile.ZipFile(io.BytesIO(SOUND)) as archive:
        starts = [
            (i.header_offset + 30 + len(i.filename) + 9, i.file_size) for i in archive.infolist()
        ]
    return [range(start, start + size) for start, size in starts]


FILE_DATA = [place for part in data_ranges() for place in part]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "pakket.zip"


def verify(data: bytes, target: Path):
    target.write_bytes(data)
    return verify_packet(target)


def flipped(data: bytes, place: int, mask: int) -> bytes:
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


@given(place=st.sampled_from(FILE_DATA), mask=st.integers(1, 255))
def test_any_flipped_byte_of_file_data_is_a_fault(place: int, mask: int, target: Path) -> None:
    assert not verify(flipped(SOUND, place, mask), target).ok


@pytest.mark.sweep
@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_every_flipped_byte_of_file_data_is_a_fault(mask: int, target: Path) -> None:
    unseen = [place for place in FILE_DATA if verify(flipped(SOUND, place, mask), target).ok]
    assert unseen == []


@given(file=st.sampled_from(sorted(samples.members(SOUND))), data=st.data())
def test_a_flipped_byte_is_a_fault_also_when_the_checksum_was_mended(
    file: str, data: st.DataObject, target: Path
) -> None:
    files = samples.members(SOUND)
    place = data.draw(st.integers(0, len(files[file]) - 1))
    files[file] = flipped(files[file], place, data.draw(st.integers(1, 255)))
    assert not verify(samples.zipped(files), target).ok


def test_no_single_bit_of_the_signature_may_change(target: Path) -> None:
    files = samples.members(SOUND)
    signature = files["handtekening.p7s"]
    content, certificate = files["tagmanifest-sha256.txt"], files["certificaat.pem"]
    assert check_signature(signature, content, certificate) == []
    for place in range(len(signature)):
        for bit in range(8):
            assert check_signature(flipped(signature, place, 1 << bit), content, certificate), (
                place,
                bit,
            )


@given(place=st.integers(0, len(SOUND) - 1), mask=st.integers(1, 255))
def test_a_flipped_byte_anywhere_is_understood(place: int, mask: int, target: Path) -> None:
    report = verify(flipped(SOUND, place, mask), target)
    assert "unreadable" not in {fault.code for fault in report.faults}


@given(
    place=st.integers(SOUND.index(b"PK\x01\x02"), len(SOUND) - 1),
    data=st.sampled_from(
        [b"\xff" * 8, b"\0" * 8, b"\xff\xff\xff\x7f", b"PK\x05\x06", b"\x01\0\x10\0"]
    ),
)
def test_a_patched_table_of_contents_is_understood(place: int, data: bytes, target: Path) -> None:
    report = verify(SOUND[:place] + data + SOUND[place + len(data) :], target)
    assert "unreadable" not in {fault.code for fault in report.faults}


@given(cut=st.integers(0, len(SOUND) - 1))
def test_a_truncated_packet_is_a_fault(cut: int, target: Path) -> None:
    assert not verify(SOUND[:cut], target).ok


@given(data=st.binary(max_size=2000), keep=st.booleans())
def test_random_bytes_are_a_fault(data: bytes, keep: bool, target: Path) -> None:
    assert not verify(data + SOUND[-500:] if keep else data, target).ok


@given(file=st.sampled_from(sorted(samples.members(SOUND))), data=st.binary(max_size=300))
def test_any_other_content_of_a_file_is_a_fault_even_when_signed_lists_match(
    file: str, data: bytes, target: Path
) -> None:
    files = samples.members(SOUND)
    if files[file] == data:
        return
    files[file] = data
    if not file.endswith("manifest-sha256.txt"):
        samples.listed(files)
    assert not verify(samples.zipped(files), target).ok


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"v":1,"exhibits":7}',
        b'{"exhibits":[7],"v":1}',
        b'{"exhibits":[{"file":7}],"v":1}',
        b'{"exhibits":[{"file":["x"]}],"v":1}',
        b'{"exhibits":[{"file":"x"},{"file":"x"}],"v":1}',
        b'{"exhibits":[{"file":"data/originals/x"}],"v":1}',
        b"1" * 5000,
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("file", ["data/bewijslijst.json", "custody.jsonl"])
def test_senseless_records_in_a_signed_packet_are_faults_of_their_file(
    file: str, content: bytes, target: Path
) -> None:
    files = samples.members(SOUND)
    files[file] = content
    if file.startswith("data/"):
        size = sum(len(data) for name, data in files.items() if name.startswith("data/"))
        info = samples.members(SOUND)["bag-info.txt"].decode()
        files["bag-info.txt"] = "".join(
            f"Payload-Oxum: {size}.4\n" if line.startswith("Payload-Oxum") else line
            for line in info.splitlines(keepends=True)
        ).encode()
    samples.signed(files)
    report = verify(samples.zipped(files), target)
    assert not report.ok
    allowed = (
        {file}
        | {name for name in files if name.startswith("data/originals/")}
        | {"data/originals/x"}
    )
    assert {fault.file for fault in report.faults} <= allowed
