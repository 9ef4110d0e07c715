"""Copies of texts and mails without their sender (runs in the child)."""

import re
from collections.abc import Sequence

from evidence_store.inspect import containers, texts
from evidence_store.inspect.child import Refusal

MAX_CLEAN = 2 << 20
"""Largest text or mail of which a copy is made, in bytes."""
_LEAST_FIRST_NAME = 3


def cleaned(data: bytes, media_type: str, conceal: Sequence[str], mark: str) -> bytes:
    """Make a readable copy in which one person is not named.

    Of a mail only From, Date, Subject and the words stay; To stays when the person to conceal is
    known. Whole names and first names are concealed, nicknames and what somebody tells are not.

    Args:
        data: The whole file.
        media_type: By content.
        conceal: Names or addresses of that person.
        mark: What stands there instead.

    Returns:
        UTF-8 text.

    Raises:
        Refusal: no_copy, when there is nothing to conceal in a plain text.
    """
    mail = media_type == "message/rfc822"
    if not mail and not conceal:
        raise Refusal("no_copy")
    text = _mail(data, with_to=bool(conceal)) if mail else texts.decoded(data)
    for name in sorted(_spellings(conceal), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: mark, text, flags=re.IGNORECASE)
    return texts.visible(text).encode("utf-8", "replace")


def _spellings(conceal: Sequence[str]) -> set[str]:
    found = set()
    for name in conceal:
        words = name.split()
        found.add(name)
        if len(words) > 1 and len(words[0]) >= _LEAST_FIRST_NAME:
            found.add(words[0])
        found |= set(re.findall(r"[^\s<>]+@[^\s<>]+", name))
    return {one for one in found if one.strip()}


def _mail(data: bytes, *, with_to: bool) -> str:
    facts = containers.mail_facts(data)
    kept = [("From", "mail_from"), ("Date", "mail_date"), ("Subject", "mail_subject")]
    if with_to:
        kept.insert(1, ("To", "mail_to"))
    lines = [f"{label}: {facts[key]}" for label, key in kept if key in facts]
    return "\n".join([*lines, "", texts.mail_words(data)])
