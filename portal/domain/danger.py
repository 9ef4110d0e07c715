"""Finding words that call for help at once. A hit only ever adds help lines to a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("danger", "suicide", "sexual", "images", "home")
# So many words may stand between two words of a phrase ("wil echt heel graag dood" is missed).
WORDS_BETWEEN = 2
_REPEATED = re.compile(r"(.)\1+")
_NOT_A_WORD = re.compile(r"[^a-z0-9*]+")


def normalise(text: str) -> str:
    """Lower case, no accents, doubled letters once, single spaces: misspellings come together."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = plain.replace("'", "").replace("’", "")
    return _REPEATED.sub(r"\1", _NOT_A_WORD.sub(" ", plain)).strip()


@dataclass(frozen=True, slots=True)
class DangerWords:
    """One pattern for each kind of danger."""

    patterns: Mapping[str, re.Pattern[str]]

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any]) -> DangerWords:
        """Read the lists of `danger_words.toml`."""
        return cls({kind: _pattern(tables[kind]) for kind in KINDS})

    def find(self, texts: Iterable[str]) -> frozenset[str]:
        """The kinds of danger that these texts speak of."""
        plain = normalise(" . ".join(texts)).replace("*", " ")
        return frozenset(kind for kind, pattern in self.patterns.items() if pattern.search(plain))


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    between = rf" (?:[a-z0-9]+ ){{0,{WORDS_BETWEEN}}}"
    alternatives = []
    for phrase in phrases:
        words = normalise(phrase).split()
        alternatives.append(between.join(word.replace("*", "[a-z0-9]*") for word in words))
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b")
