"""ASCII armor of age files (C2SP age, "ASCII armor"): the strict PEM of RFC 7468, figure 3."""

import base64
import binascii

from evidence_store.errors import ArmorError

_BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
_END = b"-----END AGE ENCRYPTED FILE-----"
_COLUMNS = 64


def armor(data: bytes) -> bytes:
    """Wrap a binary age file for transport as text.

    Args:
        data: the binary file.

    Returns:
        Lines of 64 columns between the begin and end lines.
    """
    text = base64.b64encode(data)
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def dearmor(data: bytes) -> bytes:
    """Unwrap an armored age file. White space around the armor and CRLF line ends are allowed.

    Args:
        data: the armored text.

    Returns:
        The binary file.

    Raises:
        ArmorError: for anything that the strict encoding would not have written.
    """
    lines = [line.removesuffix(b"\r") for line in data.strip(b" \t\r\n").split(b"\n")]
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise _malformed()
    body = lines[1:-1]
    if any(len(line) != _COLUMNS for line in body[:-1]):
        raise _malformed()
    if body and not 0 < len(body[-1]) <= _COLUMNS:
        raise _malformed()
    text = b"".join(body)
    try:
        result = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _malformed() from error
    if base64.b64encode(result) != text:
        raise _malformed()
    return result


def _malformed() -> ArmorError:
    return ArmorError("the text around the encrypted file is not well-formed age armor")
