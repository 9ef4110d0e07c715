"""File names as people sent them: read from raw header bytes, shown honestly, harmless to print."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

MAX_NAME_BYTES = 255
MAX_EXTENSION_BYTES = 16
ASCII_LENGTH = 100
UNNAMED = "zonder naam"

# Marks that reorder or hide text; a name such as "foto<RLO>gpj.exe" must look like what it is.
# The zero-width joiner is left alone: family and flag emoji are made with it.
_HIDING = frozenset(
    {0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x2060, 0xFEFF}
    | set(range(0x202A, 0x202F))
    | set(range(0x2066, 0x206A)),
)


def clean_name(raw: bytes | str) -> str:
    r"""The name to show for a file: what was sent, with nothing that misleads or breaks a line.

    Path separators become ``_``, control and reordering characters become a visible
    ``[U+202E]``, bytes that are not UTF-8 a visible ``\xe9``, and a name of more than 255
    bytes keeps its beginning and its extension. It is a text to show, not a path to open.
    """
    sent = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    text = sent.replace(b"\\", b"_").decode("utf-8", "backslashreplace")
    text = unicodedata.normalize("NFC", text).replace("/", "_").strip()
    shown = "".join(_visible(character) for character in text)
    return _shorten(shown) or UNNAMED


def _visible(character: str) -> str:
    code = ord(character)
    if code in _HIDING or unicodedata.category(character) == "Cc":
        return f"[U+{code:04X}]"
    return character


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > MAX_EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len(f"…{dot}{extension}".encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + f"…{dot}{extension}"


def attachment(name: str) -> str:
    """Write a Content-Disposition: a safe ASCII name and the real one (RFC 6266, RFC 8187)."""
    plain = "".join(
        one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in name
    )
    ascii_name = plain[-ASCII_LENGTH:].lstrip(".") or "bestand"
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
