"""What the first bytes say a file is (runs in the child)."""

import ctypes.util
import re
import sys
from importlib import import_module

HEAD = 256 * 1024
"""Bytes looked at, from the start of the file."""

_MAIL_FIELD = re.compile(
    rb"^(received|from|to|date|subject|message-id|mime-version|return-path|delivered-to"
    rb"|dkim-signature|x-[a-z-]+|content-type):",
    re.IGNORECASE,
)
_TEXT_KINDS = frozenset({"application/json", "text/csv", "text/rtf", "text/xml"})
_LIKE_TEXT = frozenset(
    {
        "application/octet-stream", "application/json", "image/svg+xml",
        "application/x-wine-extension-ini",
    }
)  # fmt: skip
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r")) + b"\x7f"
_ISO_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"mif1": "image/heif", b"msf1": "image/heif", b"avif": "image/avif", b"avis": "image/avif",
    b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4",
}  # fmt: skip


def media_type(head: bytes, name: str) -> str:
    """Determine the media type by content.

    Args:
        head: The first bytes of the file.
        name: File name, used only to tell kinds of plain text apart.

    Returns:
        A media type; application/octet-stream when nothing is known.
    """
    if head[4:8] == b"ftyp" and head[8:12] in _ISO_BRANDS:
        return _ISO_BRANDS[head[8:12]]
    found = _libmagic(head)
    if found.startswith(("text/", "message/")) or found in _LIKE_TEXT:
        return _text_type(head, found, name)
    return found


def _find_nothing(name: str) -> str | None:  # noqa: ARG001 - stands in for find_library
    return None


def _libmagic(head: bytes) -> str:
    if sys.platform == "linux":
        # The search would start ldconfig; pylibmagic's own copy is meant.
        ctypes.util.find_library = _find_nothing
    import_module("pylibmagic")  # must come before magic
    magic = import_module("magic")

    return str(magic.Magic(mime=True).from_buffer(head))


def _text_type(head: bytes, found: str, name: str) -> str:
    start = head[:4096].lstrip(b"\xef\xbb\xbf\x00\xff\xfe \t\r\n")
    if markup := _markup(start, found):
        return markup
    if start.startswith(b"#!"):
        return "text/x-shellscript"
    if found == "application/octet-stream":
        return _maybe_text(head)
    if _is_mail(start, name):
        return "message/rfc822"
    # libmagic guesses programming languages out of ordinary chat.
    return found if found in _TEXT_KINDS else "text/plain"


def _markup(start: bytes, found: str) -> str | None:
    first = re.sub(rb"^(<!--.*?-->|<\?xml.*?\?>|\s)+", b"", start, flags=re.DOTALL).lower()
    drawn = found == "image/svg+xml" and b"<svg" in first
    if drawn or first.startswith((b"<svg", b"<!doctype svg")):
        return "image/svg+xml"
    page = found == "text/html" and start.startswith(b"<")
    if page or re.match(rb"<(!doctype html|html|head|body|script|iframe|meta)", first):
        return "text/html"
    return None


def _is_mail(start: bytes, name: str) -> bool:
    fields = set()
    for line in start.splitlines()[:60]:
        if not line.strip():
            break
        if match := _MAIL_FIELD.match(line):
            fields.add(match[1].lower())
        elif line[:1] not in b" \t" and not re.match(rb"^[!-9;-~]+:", line):
            return False
    return len(fields) >= (2 if name.lower().endswith(".eml") else 3)


def _maybe_text(head: bytes) -> str:
    """Chat text with a stray control byte or a wrong encoding is still text to a reader."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return "text/plain" if controls * 50 < len(head) else "application/octet-stream"
