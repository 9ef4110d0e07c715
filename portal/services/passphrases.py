"""What a passphrase of staff must be: long, and not one that everybody tries first.

No rules of composition and no expiry (ASVS 6.2.1 to 6.2.12). A phrase is refused when nothing
is left of it after taking away what an attacker at this school tries anyway.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from portal.services.errors import InvalidInputError

SHORTEST = 12
LONGEST = 200
LONGEST_TYPED = 1_000
"""Accents may be typed as characters of their own; what is longer cannot be a passphrase."""
OWN_CHARACTERS = 6
"""So many characters must be left after taking away school, name, years and common words."""

# Runs and phrases of twelve or more characters from public lists of leaked passwords, and the
# Dutch words that stand in such lists.
COMMON_RUNS = (
    "0123456789",
    "1234567890",
    "9876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "qazwsxedcrfv",
    "q1w2e3r4t5y6",
)
COMMON_WORDS = (
    "correcthorsebatterystaple",
    "administrator",
    "geheimwoord",
    "ikhouvanjou",
    "wachtwoord",
    "wachtzin",
    "password",
    "passw0rd",
    "letmein",
    "iloveyou",
    "football",
    "voetbal",
    "feyenoord",
    "sunshine",
    "princess",
    "superman",
    "vakantie",
    "nederland",
    "amsterdam",
    "rotterdam",
    "september",
    "november",
    "december",
    "februari",
    "augustus",
    "oktober",
    "januari",
    "donderdag",
    "woensdag",
    "zaterdag",
    "maandag",
    "dinsdag",
    "vrijdag",
    "zondag",
    "welcome",
    "beheerder",
    "docent",
    "leraar",
    "mentor",
    "coach",
    "welkom",
    "geheim",
    "hallo",
    "school",
    "scholengemeenschap",
    "college",
    "lyceum",
    "gymnasium",
    "veilig",
    "melden",
    "pesten",
    "portaal",
    "zomer",
    "winter",
    "herfst",
    "lente",
    "admin",
    "login",
    "test",
)
YEAR = re.compile(r"(19|20)\d\d")
SHORTEST_WORD = 3
SHORTEST_RUN = 4


def prepare(text: str) -> str:
    """Give the one form in which a phrase is used, however a keyboard composed its accents."""
    return unicodedata.normalize("NFC", text[:LONGEST_TYPED])


def check(text: str, *, known: Sequence[str] = ()) -> str:
    """Give the prepared phrase when it may be used.

    Args:
        text: the phrase as typed.
        known: names that an attacker knows: of the school, its place, the person.

    Raises:
        InvalidInputError: field ``passphrase`` with ``too_short``, ``too_long`` or ``common``.
    """
    phrase = prepare(text)
    if len(phrase) < SHORTEST:
        raise InvalidInputError("passphrase", "too_short")
    if len(phrase) > LONGEST:
        raise InvalidInputError("passphrase", "too_long")
    if _left_over(phrase, known) < OWN_CHARACTERS:
        raise InvalidInputError("passphrase", "common")
    return phrase


def _left_over(phrase: str, known: Sequence[str]) -> int:
    """Count the different characters left when everything well known is taken away."""
    rest = _plain(phrase)
    for word in sorted(_words(known) | set(COMMON_WORDS), key=len, reverse=True):
        rest = rest.replace(word, "")
    rest = YEAR.sub("", rest)
    for run in COMMON_RUNS:
        rest = _without_run(_without_run(rest, run), run[::-1])
    return len(set(rest))


def _words(known: Sequence[str]) -> set[str]:
    words = {part for text in known for part in re.split(r"[^a-z0-9]+", _fold(text))}
    words |= {_plain(text) for text in known}
    return {word for word in words if len(word) >= SHORTEST_WORD}


def _without_run(text: str, run: str) -> str:
    """Take pieces of a keyboard row or a count out of a text, longest first."""
    for length in range(len(run), SHORTEST_RUN - 1, -1):
        for start in range(len(run) - length + 1):
            text = text.replace(run[start : start + length], "")
    return text


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", _fold(text))


def _fold(text: str) -> str:
    """Lower case without accents, so that `Zomër` counts as `zomer`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
