"""Plain text to read: decoded, bounded, without control characters (in the child)."""

import email
import email.policy
import re
from email.message import EmailMessage
from html import unescape

from evidence_store.inspect import containers

MAX_TEXT = 64 * 1024
"""Longest preview, in characters before encoding."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNSEEN = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>")
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def readable(head: bytes, media_type: str) -> bytes:
    """Decode the beginning of a text or a mail.

    Args:
        head: The first bytes of the file.
        media_type: By content.

    Returns:
        UTF-8; control and direction characters stand as U+FFFD.
    """
    text = _mail(head) if media_type == "message/rfc822" else decoded(head)
    return visible(text)[:MAX_TEXT].encode("utf-8", "replace")[: 4 * MAX_TEXT]


def visible(text: str) -> str:
    """Put U+FFFD for control and direction characters, and one kind of line end.

    Args:
        text: Any text.

    Returns:
        What a reader may be shown.
    """
    return _HIDDEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def decoded(head: bytes) -> str:
    """Decode bytes of unknown encoding.

    Args:
        head: Bytes, perhaps cut inside a character.

    Returns:
        Text by byte-order mark, else UTF-8, else Windows-1252.
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 4:  # cut inside the last character
            return head[: error.start].decode("utf-8")
        return head.decode("cp1252", "replace")


def _mail(head: bytes) -> str:
    facts = containers.mail_facts(head)
    lines = [
        f"{label}: {facts[key]}"
        for label, key in (("From", "mail_from"), ("To", "mail_to"),
                           ("Date", "mail_date"), ("Subject", "mail_subject"))
        if key in facts
    ]  # fmt: skip
    return "\n".join([*lines, "", mail_words(head)])


def mail_words(data: bytes) -> str:
    """Give the words of a mail, without its headers and attachments.

    Args:
        data: The mail, perhaps cut off.

    Returns:
        Its plain text, else the words of its HTML.
    """
    message = email.message_from_bytes(data, policy=email.policy.default)
    body = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
    raw = body.get_payload(decode=True) if body else b""
    text = decoded(raw) if isinstance(raw, bytes) else ""
    if body is not None and body.get_content_subtype() == "html":
        return _words_of(text)
    return text


def _words_of(html: str) -> str:
    """Give the words of an HTML mail: every tag goes, scripts and styles with their content."""
    from bleach import clean  # noqa: PLC0415 - only a mail without plain text needs it

    return unescape(clean(_UNSEEN.sub("", html), tags=set(), strip=True))
