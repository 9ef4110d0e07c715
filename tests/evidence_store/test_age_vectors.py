"""The C2SP test kit for age: every applicable vector, with its failure class and payload hash."""

import hashlib
import io
import zlib
from pathlib import Path

import pytest

from evidence_store import age
from evidence_store.age.header import encode_header, read_header
from evidence_store.errors import (
    AgeError,
    ArmorError,
    HeaderError,
    HeaderMacError,
    NoMatchError,
    PayloadError,
)

KIT = Path(__file__).parents[1] / "vectors" / "age"
NAMES = sorted(path.name for path in (KIT / "testdata").iterdir())
# Post-quantum recipients are a type that this library does not have yet.
APPLICABLE = [name for name in NAMES if "hybrid" not in name]
FAILURES: dict[str, type[AgeError]] = {
    "header failure": HeaderError,
    "no match": NoMatchError,
    "HMAC failure": HeaderMacError,
    "payload failure": PayloadError,
    "armor failure": ArmorError,
}


class Bytes(io.BytesIO):
    """Bytes as a random-access source."""

    @property
    def size(self) -> int:
        return len(self.getvalue())

    def read_at(self, offset: int, size: int) -> bytes:
        return self.getvalue()[offset : offset + size]


def load(name: str) -> tuple[dict[str, str], bytes, list[age.AnyIdentity]]:
    head, _, data = (KIT / "testdata" / name).read_bytes().partition(b"\n\n")
    pairs = [line.split(": ", 1) for line in head.decode().splitlines()]
    identities: list[age.AnyIdentity] = [
        age.Identity.parse(value) if key == "identity" else age.ScryptIdentity(value)
        for key, value in pairs
        if key in ("identity", "passphrase")
    ]
    fields = dict(pairs)
    return fields, zlib.decompress(data) if "compressed" in fields else data, identities


def decrypt(
    fields: dict[str, str], data: bytes, identities: list[age.AnyIdentity]
) -> tuple[bytes, AgeError | None]:
    """Decrypt as far as it goes; return what was released and how it ended."""
    released = bytearray()
    try:
        if fields.get("armored") == "yes":
            data = age.dearmor(data)
        for chunk in age.decrypt_stream(io.BytesIO(data), identities):
            released += chunk
    except AgeError as error:
        return bytes(released), error
    return bytes(released), None


def test_the_kit_is_whole() -> None:
    assert len(NAMES) == 143
    assert len(APPLICABLE) == 124
    families = {name.split("_")[0] for name in APPLICABLE}
    assert {"x25519", "scrypt", "stream", "armor", "stanza", "hmac", "header"} <= families


@pytest.mark.parametrize("name", APPLICABLE)
def test_vector(name: str) -> None:
    fields, data, identities = load(name)
    released, error = decrypt(fields, data, identities)
    if fields["expect"] == "success":
        assert error is None
    else:
        assert type(error) is FAILURES[fields["expect"]]
    if "payload" in fields:
        assert hashlib.sha256(released).hexdigest() == fields["payload"]
    else:
        assert released == b""


@pytest.mark.parametrize("name", [name for name in APPLICABLE if not name.startswith("armor")])
def test_seekable_reader_agrees(name: str) -> None:
    """Random access gives the whole plaintext, or fails, and never hands out a damaged file."""
    fields, data, identities = load(name)
    if fields["expect"] == "success":
        reader = age.SeekableReader(Bytes(data), identities)
        assert hashlib.sha256(reader.read()).hexdigest() == fields["payload"]
        return
    with pytest.raises(FAILURES[fields["expect"]]):
        age.SeekableReader(Bytes(data), identities).read()


@pytest.mark.parametrize("name", APPLICABLE)
def test_header_round_trip(name: str) -> None:
    """Whatever header parses is written back byte for byte."""
    fields, data, _ = load(name)
    if fields["expect"] not in ("success", "payload failure", "no match"):
        return
    if fields.get("armored") == "yes":
        data = age.dearmor(data)
    header, _ = read_header(io.BytesIO(data).read)
    written = encode_header(header.stanzas, bytes.fromhex(fields["file key"]))
    assert written == data[: header.length]


@pytest.mark.parametrize("name", [name for name in APPLICABLE if name.startswith("armor")])
def test_armor_round_trip(name: str) -> None:
    fields, data, _ = load(name)
    if fields["expect"] in ("success", "payload failure", "no match"):
        text = data.strip().replace(b"\r\n", b"\n") + b"\n"
        assert age.armor(age.dearmor(data)) == text


def test_stream_round_trip() -> None:
    """Sealing a kit file's plaintext again under its key and nonce gives its very bytes."""
    count = 0
    for name in APPLICABLE:
        fields, data, identities = load(name)
        if not name.startswith("stream") or fields["expect"] != "success":
            continue
        header, _ = read_header(io.BytesIO(data).read)
        plaintext, _ = decrypt(fields, data, identities)
        nonce = data[header.length : header.length + 16]
        again = age.Encryptor.resume(bytes.fromhex(fields["file key"]), nonce, 0)
        assert again.update(plaintext) + again.finish() == data[header.length + 16 :]
        count += 1
    assert count == 8
