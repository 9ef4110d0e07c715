"""Finding words that call for help at once. A hit only ever adds help lines to a page.

Works on words, not on a pattern over the whole text: every word is looked up once, so that the
time grows with the length of a text and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("danger", "suicide", "sexual", "images", "home")
HARMLESS = "harmless"
# So many words may stand between two words of a phrase ("wil echt heel graag dood" is found).
WORDS_BETWEEN = 3
# From this length on a word may miss a letter, have one too many, or have two changed places.
FORGIVING = 7
# Arabic is written without most vowels, so its words are shorter.
FORGIVING_ARABIC = 5
ARABIC = range(0x600, 0x700)
LONGEST_WORD = 40
# Letters that are written in more than one way, beside what Unicode takes apart by itself.
SAME = str.maketrans(
    {
        "ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe",
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ة": "ه", "ہ": "ه", "ک": "ك", "ڪ": "ك", "گ": "ك",
        "ґ": "г", "ы": "и", "э": "е", "ъ": "", "ь": "",
        "ـ": "", "ʼ": "", "'": "", "’": "", "‘": "", "`": "", "´": "", "_": " ",
    }
)  # fmt: skip
FIGURES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "@": "a", "$": "s"})
_REPEATED = re.compile(r"(.)\1+")
_NOT_A_WORD = re.compile(r"[^\w*@$]+")
_SIGNS = re.compile(r"[@$]+")
_MARKS = {"Mn", "Cf", "Me"}
Phrase = tuple[frozenset[int], ...]
"""Numbers of the words that may stand in each place."""


def normalise(text: str) -> str:
    """Lower case, no accents, doubled letters once, single spaces: misspellings come together.

    Latin, Arabic and Cyrillic: marks of vowels and the stretched line of Arabic go, its forms of
    alef, ya and ta marbuta fall together, and so do i with and without a dot. Figures that stand
    for letters inside a word become those.
    """
    # Marks go before too: putting many of them in order takes the square of their number.
    plain = _without_marks(unicodedata.normalize("NFKD", _without_marks(text.casefold())))
    words = _NOT_A_WORD.sub(" ", plain.translate(SAME)).split()
    return _REPEATED.sub(r"\1", " ".join(map(_in_letters, words))).strip()


def _without_marks(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one) not in _MARKS)


def _in_letters(word: str) -> str:
    if any(map(str.isalpha, word)):
        word = word.translate(FIGURES)
    return _SIGNS.sub(" ", word)


@dataclass(frozen=True, slots=True)
class DangerWords:
    """Phrases by kind, their words numbered, and a look-up from a typed word to those numbers."""

    phrases: Mapping[int, Sequence[tuple[str, Phrase]]]
    """Kind and places of each phrase, by the number of a word that it may begin with."""
    whole: Mapping[str, frozenset[int]]
    begun: Mapping[str, frozenset[int]]
    """Words that may go on, by what they begin with."""
    lengths: Sequence[int]

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any]) -> DangerWords:
        """Read the lists of `danger_words.toml`: of each language, by kind."""
        numbers: dict[str, int] = {}
        phrases: dict[int, list[tuple[str, Phrase]]] = defaultdict(list)
        for lists in tables["words"].values():
            for kind, listed in lists.items():
                for written in listed:
                    phrase = _phrase(written, numbers)
                    for number in phrase[0]:
                        phrases[number].append((kind, phrase))
        return cls(phrases, *_look_ups(numbers))

    def find(self, texts: Iterable[str]) -> frozenset[str]:
        """The kinds of danger that these texts speak of."""
        return frozenset(kind for text in texts for kind in self._in_one(text))

    def _in_one(self, text: str) -> frozenset[str]:
        words = normalise(text).replace("*", " ").split()
        known = {word: self._numbers(word) for word in set(words)}
        numbered = [known[word] for word in words]
        found = [
            (kind, start, end)
            for start, here in enumerate(numbered)
            for number in here
            for kind, phrase in self.phrases.get(number, ())
            if (end := _fits(phrase, numbered, start))
        ]
        harmless = {
            place for kind, start, end in found if kind == HARMLESS for place in range(start, end)
        }
        return frozenset(
            kind
            for kind, start, end in found
            if kind != HARMLESS and not harmless.issuperset(range(start, end))
        )

    def _numbers(self, word: str) -> frozenset[int]:
        """Give the numbers of all listed words that this one may be."""
        word = word[:LONGEST_WORD]
        found = set(self.whole.get(word, ()))
        for length in self.lengths:
            if length > len(word):
                break
            found |= self.begun.get(word[:length], frozenset())
        least = _forgiven_from(word) - 1
        if len(word) >= least:
            for spelling in _nearly(word):
                found |= self.whole.get(spelling, frozenset())
            for length in self.lengths:
                if least <= length <= len(word):
                    for spelling in _nearly(word[: length + 1]):
                        found |= self.begun.get(spelling, frozenset())
        return frozenset(found)


def _phrase(written: str, numbers: dict[str, int]) -> Phrase:
    """Number the words of a phrase; in a place of it may stand any of ``vader/moeder``."""
    return tuple(
        frozenset(numbers.setdefault(normalise(word), len(numbers)) for word in place.split("/"))
        for place in written.split()
    )


def _look_ups(
    numbers: Mapping[str, int],
) -> tuple[dict[str, frozenset[int]], dict[str, frozenset[int]], list[int]]:
    whole: dict[str, set[int]] = defaultdict(set)
    begun: dict[str, set[int]] = defaultdict(set)
    for written, number in numbers.items():
        word = written.rstrip("*")
        look_up = begun if written.endswith("*") else whole
        spellings = _nearly(word) if len(word) >= _forgiven_from(word) else {word}
        for spelling in spellings:
            look_up[spelling].add(number)
    lengths = sorted({len(spelling) for spelling in begun})
    return (
        {word: frozenset(found) for word, found in whole.items()},
        {word: frozenset(found) for word, found in begun.items()},
        lengths,
    )


def _forgiven_from(word: str) -> int:
    return FORGIVING_ARABIC if ord(word[0]) in ARABIC else FORGIVING


def _nearly(word: str) -> set[str]:
    """Give a word and what is left of it without any one letter.

    Two words that share one of these differ by a letter at most, or by two that changed places.
    The first letter is never the one that differs.
    """
    return {word, *(word[:place] + word[place + 1 :] for place in range(1, len(word)))}


def _fits(phrase: Phrase, numbered: Sequence[frozenset[int]], start: int) -> int:
    """Give where a phrase that begins here ends, or 0 when the rest does not follow."""
    ends = {start + 1}
    for numbers in phrase[1:]:
        ends = {
            place + 1
            for end in ends
            for place in range(end, min(end + WORDS_BETWEEN + 1, len(numbered)))
            if not numbers.isdisjoint(numbered[place])
        }
        if not ends:
            return 0
    return min(ends)
