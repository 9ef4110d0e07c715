"""The textual header of an age v1 file (C2SP age, "Header"): strict parsing, encoding and MAC."""

import base64
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evidence_store.errors import HeaderError, HeaderMacError

VERSION_LINE = b"age-encryption.org/v1\n"
FILE_KEY_SIZE = 16
"""Bytes of a file key."""
_MAX_HEADER = 1 << 20
_READ_SIZE = 4096
_COLUMNS = 64
_ARGUMENT = re.compile(rb"[\x21-\x7e]+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*")
_FOOTER = b"--- "
_STANZA = b"-> "
_MAC_SIZE = 32


@dataclass(frozen=True)
class Stanza:
    """One recipient stanza: a file key wrapped for one recipient.

    Attributes:
        arguments: one or more words of printable ASCII; the first names the recipient type.
        body: the decoded body.
    """

    arguments: tuple[str, ...]
    body: bytes


@dataclass(frozen=True)
class Header:
    """A parsed header.

    Attributes:
        stanzas: the recipient stanzas in file order, at least one.
        mac: the 32 bytes of the authentication code.
        covered: the exact bytes that the code covers, up to and including ``---``.
        length: bytes that the whole header takes in the file.
    """

    stanzas: tuple[Stanza, ...]
    mac: bytes
    covered: bytes
    length: int

    def check_mac(self, file_key: bytes) -> None:
        """Check the header's authentication code in constant time.

        Args:
            file_key: the 16 bytes that a stanza yielded.

        Raises:
            HeaderMacError: when header and file key do not belong together.
        """
        if not hmac.compare_digest(self.mac, _mac(self.covered, file_key)):
            message = "the header of the encrypted file was altered"
            raise HeaderMacError(message)


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """Derive 32 bytes with HKDF-SHA-256 (RFC 5869).

    Args:
        key: the input keying material.
        salt: the salt; empty where the format says so.
        info: the label.

    Returns:
        32 bytes.
    """
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def encode_base64(data: bytes) -> str:
    """Encode as the format's base64: standard alphabet, no padding.

    Args:
        data: any bytes.

    Returns:
        Unpadded base64 (RFC 4648 section 4).
    """
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64(text: bytes) -> bytes:
    """Decode canonical, unpadded base64.

    Args:
        text: the encoded bytes.

    Returns:
        The decoded bytes.

    Raises:
        HeaderError: for padding, foreign characters, an impossible length or loose bits.
    """
    if not _BASE64.fullmatch(text) or len(text) % 4 == 1:
        raise _broken("its base64 is not valid")
    data = base64.b64decode(text + b"=" * (-len(text) % 4))
    if encode_base64(data).encode("ascii") != text:
        raise _broken("its base64 is not canonical")
    return data


def encode_header(stanzas: Sequence[Stanza], file_key: bytes) -> bytes:
    """Write a header.

    Args:
        stanzas: at least one stanza.
        file_key: the 16 bytes that the stanzas wrap.

    Returns:
        The header with its authentication code, ending in a line feed.
    """
    lines = [VERSION_LINE]
    for stanza in stanzas:
        lines.append(_STANZA + " ".join(stanza.arguments).encode("ascii") + b"\n")
        body = encode_base64(stanza.body).encode("ascii")
        # The last line is always shorter than 64 columns, if need be empty.
        starts = range(0, len(body) + 1, _COLUMNS)
        lines.extend(body[start : start + _COLUMNS] + b"\n" for start in starts)
    covered = b"".join(lines) + _FOOTER.rstrip()
    mac = encode_base64(_mac(covered, file_key)).encode("ascii")
    return covered + b" " + mac + b"\n"


def read_header(read: Callable[[int], bytes]) -> tuple[Header, bytes]:
    """Read and parse a header from the start of a stream.

    Args:
        read: returns up to the asked number of bytes, and none at the end.

    Returns:
        The header and the bytes that were read beyond it.

    Raises:
        HeaderError: when no well-formed header stands there.
    """
    data = b""
    end = -1
    while end < 0:
        piece = read(_READ_SIZE)
        data += piece
        if data[: len(VERSION_LINE)] != VERSION_LINE[: len(data)]:
            message = "this is not an age v1 file"
            raise HeaderError(message)
        # A body line is base64 and never begins with dashes, so this finds the footer.
        footer = data.find(b"\n---")
        end = data.find(b"\n", footer + 1) if footer >= 0 else -1
        if end < 0 and (not piece or len(data) > _MAX_HEADER):
            raise _broken("its end is missing")
    return _parse(data[: end + 1]), data[end + 1 :]


def _parse(data: bytes) -> Header:
    *lines, footer = data[len(VERSION_LINE) : -1].split(b"\n")
    if not footer.startswith(_FOOTER):
        raise _broken("its last line is not valid")
    mac = decode_base64(footer[len(_FOOTER) :])
    if len(mac) != _MAC_SIZE:
        raise _broken("its authentication code has a wrong length")
    stanzas: list[Stanza] = []
    position = 0
    while position < len(lines):
        stanza, position = _parse_stanza(lines, position)
        stanzas.append(stanza)
    if not stanzas:
        raise _broken("it names no recipient")
    covered = data[: len(data) - 1 - len(footer) + len(_FOOTER) - 1]
    return Header(stanzas=tuple(stanzas), mac=mac, covered=covered, length=len(data))


def _parse_stanza(lines: Sequence[bytes], position: int) -> tuple[Stanza, int]:
    line = lines[position]
    if not line.startswith(_STANZA):
        raise _broken("a recipient does not begin as it must")
    arguments = line[len(_STANZA) :].split(b" ")
    if not all(_ARGUMENT.fullmatch(argument) for argument in arguments):
        raise _broken("a recipient has an invalid argument")
    body = b""
    while True:
        position += 1
        if position >= len(lines) or len(lines[position]) > _COLUMNS:
            raise _broken("the body of a recipient is not wrapped as it must be")
        body += lines[position]
        if len(lines[position]) < _COLUMNS:
            break
    words = tuple(argument.decode("ascii") for argument in arguments)
    return Stanza(arguments=words, body=decode_base64(body)), position + 1


def _mac(covered: bytes, file_key: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, b"", b"header"), covered, "sha256")


def _broken(reason: str) -> HeaderError:
    return HeaderError(f"the header of the encrypted file is damaged: {reason}")
