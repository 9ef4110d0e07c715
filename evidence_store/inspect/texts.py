"""Plain text to read: decoded, bounded, without control characters (in the child)."""

import email
import re
from collections.abc import Iterator
from email.message import Message
from html import unescape
from itertools import islice

from evidence_store.inspect import containers
from evidence_store.inspect.child import Refusal

MAX_TEXT = 64 * 1024
"""Longest preview, in characters before encoding."""
MAX_PARTS = 50
MAX_HTML = 256 * 1024
"""Longest HTML of a mail that is taken apart, in characters: some take long."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNSEEN = re.compile(r"(?i)<(/?)(script|style|title)\b[^<>]{0,1000}>?")
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
    # Not the newer policy: its parser of headers takes minutes over crafted ones.
    texts = list(islice(_texts_of(email.message_from_bytes(data)), MAX_PARTS))
    plain = [one for one in texts if one.get_content_subtype() == "plain"]
    body = next(iter(plain or texts), None)
    raw = body.get_payload(decode=True) if body else b""
    text = decoded(raw) if isinstance(raw, bytes) else ""
    if body is not None and body.get_content_subtype() == "html":
        return _words_of(text)
    return text


def _texts_of(message: Message) -> Iterator[Message]:
    """Go through a mail's own texts; mails and files that hang on it are left alone."""
    if message.get_content_disposition() == "attachment":
        return
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _texts_of(part)
    elif message.get_content_type() in {"text/plain", "text/html"}:
        yield message


def _words_of(html: str) -> str:
    """Give the words of an HTML mail: every tag goes, scripts and styles with their content."""
    if len(html) > MAX_HTML:
        raise Refusal("no_copy")
    from bleach import clean  # noqa: PLC0415 - only a mail without plain text needs it

    return unescape(clean(_seen(html), tags=set(), strip=True))


def _seen(html: str) -> str:
    """Leave out scripts, styles and titles, in one pass; one that never ends leaves out nothing."""
    kept, place, shut = [], 0, ""
    for tag in _UNSEEN.finditer(html):
        name = tag[2].lower()
        if shut and (not tag[1] or name != shut):
            continue
        if not shut:
            kept.append(html[place : tag.start()])
        shut = "" if tag[1] else name
        place = tag.end()
    return "".join(kept) + html[place:]
