"""Who speaks in a chat export, and whose phone it may come from (runs in the child).

Only the beginning of the export is read, and only for what a sender should know before giving it
away; nothing here is a record of messages. Lines as WhatsApp writes them on Android and iOS.
"""

import re
from collections.abc import Iterable
from typing import Any

MAX_HEAD = 256 * 1024
"""Bytes of an export that are looked at."""
_MAX_NAMES = 20
_LEAST_LINES = 2
_PAIR = 2
_LINE = re.compile(
    r"^[\u200e\u200f\ufeff]*\[?\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[,\u060c]? .{4,16}?"
    r"(?:\]| [-\u2013]) [\u200e\u200f]*(?P<sender>[^:\n]{1,60}): ",
    re.MULTILINE,
)


def chat_facts(text: str, names: Iterable[str]) -> dict[str, Any]:
    """Tell who speaks in an export.

    Args:
        text: Its beginning.
        names: File names it came under. An export of two people is called after the other one.

    Returns:
        chat_participants in the order in which they first speak, and chat_exporter where the
        file name tells; nothing when it is no export.
    """
    found = [
        match["sender"].strip("\u200e\u200f\u202a\u202c ~\xa0") for match in _LINE.finditer(text)
    ]
    if len(found) < _LEAST_LINES:
        return {}
    people = [one for one in dict.fromkeys(found) if one][:_MAX_NAMES]
    told: dict[str, Any] = {"chat_participants": people}
    called = " ".join(names).casefold()
    others = [one for one in people if one.casefold() in called]
    if len(people) == _PAIR and len(others) == 1:
        told["chat_exporter"] = next(one for one in people if one not in others)
    return told
