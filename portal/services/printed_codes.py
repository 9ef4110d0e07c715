"""Codes that people print, hand over and type in again: Crockford base32 with a check.

The last two characters come from SHA-256 of the others, so that a typing mistake is told apart
from a code that does not fit (it is missed once in 1,024 times).
"""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 4
CHECK = 2
RECOVERY_LENGTH = 28
"""26 random characters are 130 bits."""
ACTIVATION_LENGTH = 16
"""14 random characters are 70 bits; a code lives for two weeks and is kept only as an HMAC."""
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"} | dict.fromkeys("-‐‑–—."))


def mint(length: int) -> str:
    """Make a new code of this many characters, its check included."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length - CHECK))
    return body + _check(body)


def normalise(text: str, length: int) -> str | None:
    """Read what somebody typed; None when it cannot be a code of this length."""
    code = clean(text)
    if len(code) != length or any(character not in ALPHABET for character in code):
        return None
    return code if _check(code[:-CHECK]) == code[-CHECK:] else None


def clean(text: str) -> str:
    """Read what was typed: case, spaces and dashes do not matter, O is 0, I and L are 1."""
    return "".join(text.upper().split()).translate(_ALIKE)


def groups(code: str) -> list[str]:
    """Cut a code into the groups in which it is shown."""
    return [code[start : start + GROUP] for start in range(0, len(code), GROUP)]


def shown(code: str) -> str:
    """Give the form in which a code is printed: groups with hyphens between."""
    return "-".join(groups(code))


def _check(body: str) -> str:
    digest = hashlib.sha256(b"printed-code/v1:" + body.encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:CHECK])
