"""How much of a request is collected before a thread is used for it."""

from __future__ import annotations

MAX_HEAD = 64 << 10
SMALL_BODY = 64 << 10
HEAD_END = b"\r\n\r\n"


class HeadTooLong(Exception):
    """A head that has no end within its limit."""


def awaited_body(head: bytes) -> int:
    """How many bytes of body to wait for; 0 where there is none, or one that a thread must read.

    That is a large one, one in chunks, and one whose sender waits for our "100 Continue". A head
    that cannot be right counts as one without a body: the parser knows the answer to it.
    """
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    names = [name.lower() for name, _, _ in fields]
    if b"transfer-encoding" in names or b"expect" in names or names.count(b"content-length") != 1:
        return 0
    length = fields[names.index(b"content-length")][2].strip()
    if not length.isdigit() or len(length) > len(str(SMALL_BODY)):
        return 0
    return int(length) if int(length) <= SMALL_BODY else 0
