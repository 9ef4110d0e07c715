"""Who made a document, as the file itself says (runs in the child).

PDF: ISO 32000-1, 14.3 (document information, XMP). Office: ECMA-376 part 2, 11 (core properties).
"""

import re
from html import unescape

_PDF_TEXT = re.compile(rb"/Author\s*\(((?:\\.|[^\\()]){1,400})\)", re.DOTALL)
_PDF_HEX = re.compile(rb"/Author\s*<([0-9A-Fa-f\s]{4,1600})>")
_XMP = re.compile(rb"<dc:creator>.{0,200}?<rdf:li[^>]{0,80}>([^<]{1,200})<", re.DOTALL)
_OFFICE = re.compile(rb"<(dc:creator|cp:lastModifiedBy)[^>]{0,80}>([^<]{1,200})<")
_ESCAPED = re.compile(rb"\\(\d{1,3}|.)", re.DOTALL)
_UTF16 = b"\xfe\xff"


def pdf_author(pieces: list[bytes]) -> str:
    """Find the author of a PDF.

    Args:
        pieces: Its beginning and its end; compressed information is not found.

    Returns:
        The author, or "".
    """
    for piece in pieces:
        if match := _PDF_TEXT.search(piece):
            return _decoded(_ESCAPED.sub(_plain, match[1]))
        if match := _PDF_HEX.search(piece):
            digits = b"".join(match[1].split())
            return _decoded(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
        if match := _XMP.search(piece):
            return unescape(match[1].decode("utf-8", "replace")).strip()
    return ""


def office_author(core: bytes) -> str:
    """Find who made or last changed an office file.

    Args:
        core: Its docProps/core.xml (or meta.xml).

    Returns:
        One or two names, or "".
    """
    names = [
        unescape(match[2].decode("utf-8", "replace")).strip() for match in _OFFICE.finditer(core)
    ]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _plain(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8) & 0xFF]) if code.isdigit() else code


def _decoded(raw: bytes) -> str:
    if raw.startswith(_UTF16):
        return raw[2:].decode("utf-16-be", "replace").strip()
    return raw.decode("latin-1").strip()
