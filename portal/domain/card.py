"""The card of a case: the words by which it is found again and compared with other cases."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from portal.domain.questionnaire import accounts_of, addresses_of, lines_of, value_of

LONGEST, MOST = 200, 60
PERSONS = ("accused", "subject", "witnesses")


@dataclass(frozen=True, slots=True)
class Words:
    """What a card holds; never the story, nor who reported."""

    names: tuple[str, ...] = ()
    """Persons as they were named in words: a line each, as it was written."""
    accounts: tuple[str, ...] = ()
    """Account names and nicknames."""
    addresses: tuple[str, ...] = ()
    """Addresses of messages and profiles."""
    classes: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    """SHA-256 (hex) of the originals."""
    marks: tuple[str, ...] = ()
    """Marks of pictures, by which others that look alike are found."""

    def joined(self, other: Words) -> Words:
        """Both, each word once."""
        parts = {key: value + getattr(other, key) for key, value in asdict(self).items()}
        return Words(**{key: _bounded(value) for key, value in parts.items()})

    def has(self, wanted: Iterable[str]) -> bool:
        """Whether each of these folded words begins a word of the card."""
        text = f" {folded(' '.join((*self.names, *self.accounts, *self.addresses, *self.classes)))}"
        return all(f" {word}" in text for word in wanted)


def words_of(answers: Mapping[str, Any]) -> Words:
    """Take the words of a card from the answers of a report; the reporter's own name is left."""
    people, online = value_of(answers, "people"), value_of(answers, "online")
    children = value_of(answers, "children").get("children") or []
    incidents = online.get("incidents") or []
    names = [line for key in PERSONS for line in lines_of(people.get(key))]
    names += [str(child["name"]) for child in children if child.get("name")]
    names += lines_of(value_of(answers, "classes").get("staff_text"))
    described = value_of(answers, "described")
    return Words(
        names=_bounded([*names, *lines_of(described.get("who_has_it"))]),
        accounts=_bounded(name for one in incidents for name in accounts_of(one)),
        addresses=_bounded(
            [
                *(address for one in incidents for address in addresses_of(one)),
                *lines_of(described.get("address")),
            ]
        ),
    )


def words_from(body: Mapping[str, Any]) -> Words:
    """Read what a sealed card holds."""
    return Words(
        **{key: _bounded(map(str, body.get(key) or ())) for key in Words.__dataclass_fields__}
    )


def folded(text: str) -> str:
    """Give words in small letters without accents, a blank between them."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return " ".join(re.findall(r"\w+", letters.replace("_", " ")))


def _bounded(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value[:LONGEST] for value in values if value))[:MOST]
