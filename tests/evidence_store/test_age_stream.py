"""Frames, random access and armor: the same bytes whatever way they are taken, none if damaged."""

import io
import itertools
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import age
from evidence_store.age.header import read_header
from evidence_store.backends.memory import MemoryObject
from evidence_store.errors import (
    AgeError,
    ArmorError,
    HeaderError,
    HeaderMacError,
    InvalidKeyError,
    NoMatchError,
    PayloadError,
)

CHUNK = age.CHUNK_SIZE
BORDERS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK]
SIZES = st.sampled_from(BORDERS) | st.integers(0, 4 * CHUNK)
IDENTITY = age.Identity.from_secret(b"\x07" * 32)
SAMPLE = os.urandom(4 * CHUNK)


def encrypted(size: int) -> bytes:
    return age.encrypt(SAMPLE[:size], [IDENTITY.recipient])


def reader(data: bytes) -> age.SeekableReader:
    return age.SeekableReader(MemoryObject(data), [IDENTITY])


@given(SIZES, st.lists(st.integers(0, 3 * CHUNK), max_size=8))
def test_pieces_of_any_size_make_the_same_file(size: int, cuts: list[int]) -> None:
    encryptor = age.Encryptor([IDENTITY.recipient])
    data = encryptor.header
    borders = [0, *sorted(min(cut, size) for cut in cuts), size]
    for start, end in itertools.pairwise(borders):
        data += encryptor.update(SAMPLE[start:end])
    data += encryptor.finish()
    assert age.decrypt(data, [IDENTITY]) == SAMPLE[:size]
    chunks = max(1, -(-size // CHUNK))
    assert len(data) == len(encryptor.header) + size + 16 * chunks
    assert encryptor.chunk_index == chunks


@given(st.integers(1, 4 * CHUNK), st.integers(0, 4))
def test_resumed_after_whole_chunks(size: int, stored: int) -> None:
    first = age.Encryptor([IDENTITY.recipient])
    stored = min(stored, (size - 1) // CHUNK)
    data = first.header + first.update(SAMPLE[: stored * CHUNK + 1])
    assert first.chunk_index == stored
    second = age.Encryptor.resume(first.file_key, first.nonce, first.chunk_index)
    assert second.header == b""
    data += second.update(SAMPLE[stored * CHUNK : size]) + second.finish()
    assert age.decrypt(data, [IDENTITY]) == SAMPLE[:size]


def test_what_cannot_be_resumed() -> None:
    for key, nonce, index in [(b"", bytes(16), 0), (bytes(16), bytes(15), 0)]:
        with pytest.raises(InvalidKeyError):
            age.Encryptor.resume(key, nonce, index)
    with pytest.raises(InvalidKeyError):
        age.Encryptor.resume(bytes(16), bytes(16), -1)


def test_a_finished_file_is_never_appended_to() -> None:
    encryptor = age.Encryptor([IDENTITY.recipient])
    encryptor.finish()
    with pytest.raises(ValueError, match="finished"):
        encryptor.update(b"more")
    with pytest.raises(ValueError, match="finished"):
        encryptor.finish()


def test_any_of_several_recipients_opens() -> None:
    identities = [age.Identity.generate() for _ in range(20)]
    data = age.encrypt(b"data", [identity.recipient for identity in identities])
    for identity in identities:
        assert age.decrypt(data, [age.Identity.generate(), identity]) == b"data"
    with pytest.raises(NoMatchError):
        age.decrypt(data, [age.Identity.generate()])


def test_files_never_share_bytes() -> None:
    one, two = encrypted(1000), encrypted(1000)
    assert one[-1016:] != two[-1016:]


@pytest.mark.parametrize("size", [0, 1, 1000, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_every_truncation_is_noticed(size: int) -> None:
    data = encrypted(size)
    start = read_header(io.BytesIO(data).read)[0].length + 16
    ends = {*range(start + 17), *range(max(0, len(data) - 20), len(data))}
    ends |= {start + index * age.FRAME_SIZE for index in range(3)}
    for end in sorted(end for end in ends if end < len(data)):
        with pytest.raises(AgeError):
            age.decrypt(data[:end], [IDENTITY])
        with pytest.raises(AgeError):
            reader(data[:end])


@given(st.integers(0, 2 * CHUNK), st.data())
def test_every_flipped_bit_is_noticed(size: int, draw: st.DataObject) -> None:
    data = bytearray(encrypted(size))
    position = draw.draw(st.integers(0, len(data) - 1))
    data[position] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(AgeError):
        age.decrypt(bytes(data), [IDENTITY])
    with pytest.raises(AgeError):
        reader(bytes(data)).readall()


def test_swapped_doubled_and_missing_chunks_are_noticed() -> None:
    data = encrypted(4 * CHUNK)
    start = len(data) - 4 * age.FRAME_SIZE
    frames = [data[start + i * age.FRAME_SIZE :][: age.FRAME_SIZE] for i in range(4)]
    for order in ([1, 0, 2, 3], [0, 1, 1, 3], [0, 1, 3], [0, 1, 2], [3], [0, 1, 2, 3, 3]):
        altered = data[:start] + b"".join(frames[index] for index in order)
        with pytest.raises(PayloadError):
            age.decrypt(altered, [IDENTITY])
        with pytest.raises(PayloadError):
            reader(altered).readall()


def test_a_recipient_added_by_somebody_else_is_noticed() -> None:
    data = encrypted(10)
    line = b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n"
    version = b"age-encryption.org/v1\n"
    with pytest.raises(HeaderMacError):
        age.decrypt(data.replace(version, version + b"-> other type\n\n", 1), [IDENTITY])
    with pytest.raises(HeaderError):  # a low-order point
        age.decrypt(data.replace(version, version + line, 1), [IDENTITY])


def test_a_header_without_end_is_refused_in_bounded_memory() -> None:
    class Endless:
        given = 0

        def read(self, size: int) -> bytes:
            start = b"age-encryption.org/v1\n-> a\n" if not self.given else b""
            self.given += size
            return (start + b"A" * size)[:size]

    source = Endless()
    with pytest.raises(HeaderError):
        age.decrypt_stream(source, [IDENTITY])
    assert source.given < 2 << 20


def test_header_errors_come_before_the_first_chunk() -> None:
    with pytest.raises(NoMatchError):
        age.decrypt_stream(io.BytesIO(encrypted(10)), [age.Identity.generate()])


@given(SIZES, st.integers(0, 5 * CHUNK), st.integers(0, 5 * CHUNK))
def test_read_at_gives_the_range(size: int, offset: int, length: int) -> None:
    file = reader(encrypted(size))
    assert file.size == size
    assert file.read_at(offset, length) == SAMPLE[:size][offset : offset + length]


def test_reads_of_more_than_a_batch() -> None:
    plaintext = os.urandom(40 * CHUNK + 5)
    file = reader(age.encrypt(plaintext, [IDENTITY.recipient]))
    assert file.readall() == plaintext
    assert file.read_at(CHUNK // 2, 37 * CHUNK) == plaintext[CHUNK // 2 :][: 37 * CHUNK]


def test_the_reader_is_an_ordinary_file() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", SAMPLE[:1000])
        archive.writestr("b.txt", SAMPLE[: 3 * CHUNK])
    with reader(age.encrypt(buffer.getvalue(), [IDENTITY.recipient])) as file:
        assert zipfile.ZipFile(file).read("b.txt") == SAMPLE[: 3 * CHUNK]
        assert file.seek(-10, os.SEEK_END) == file.size - 10 == file.tell()
        assert file.read() == buffer.getvalue()[-10:]
        assert file.read() == file.read(5) == b""
        assert file.seek(5) == 5
        assert file.seek(5, os.SEEK_CUR) == 10
        assert file.read(3) == buffer.getvalue()[10:13]
        with pytest.raises(ValueError, match="before the start"):
            file.seek(-1)
    assert file.closed


def test_the_reader_opens_the_final_chunk_first() -> None:
    """Without that, a file cut at a chunk border would pass for whole until its end is read."""
    data = encrypted(3 * CHUNK)
    cut = data[: -age.FRAME_SIZE]
    with pytest.raises(PayloadError):
        reader(cut)
    chunks = age.decrypt_stream(io.BytesIO(cut), [IDENTITY])
    assert next(chunks) == SAMPLE[:CHUNK]
    with pytest.raises(PayloadError):
        list(chunks)


def test_opening_reads_little() -> None:
    class Counting(MemoryObject):
        total = 0

        def read_at(self, offset: int, size: int, /) -> bytes:
            data = super().read_at(offset, size)
            self.total += len(data)
            return data

    source = Counting(age.encrypt(os.urandom(100 * CHUNK), [IDENTITY.recipient]))
    file = age.SeekableReader(source, [IDENTITY])
    assert source.total <= age.FRAME_SIZE + 8192
    file.read_at(50 * CHUNK, 10)
    assert source.total <= 2 * age.FRAME_SIZE + 8192
    file.read_at(50 * CHUNK + 100, 10)
    assert source.total <= 2 * age.FRAME_SIZE + 8192


@given(st.binary(max_size=300))
def test_armor_round_trip(data: bytes) -> None:
    text = age.armor(data)
    assert age.dearmor(text) == data
    assert age.dearmor(b"\n \t" + text.replace(b"\n", b"\r\n") + b"\r\n\n") == data


@given(st.binary(max_size=200))
def test_nothing_but_armor_is_armor(data: bytes) -> None:
    with pytest.raises(ArmorError):
        age.dearmor(data)


@given(st.binary(max_size=400))
def test_nothing_but_age_is_age(data: bytes) -> None:
    for start in (b"", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 a\n"):
        with pytest.raises(AgeError):
            age.decrypt(start + data, [IDENTITY])
