"""What may stand in a text that leaves the case: one pupil, agreed facts, nothing that was told.

It cannot know every name. It refuses what the case itself knows: who is named in it, who reported,
accounts and addresses, and sentences of the story.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.domain.card import folded

SHORTEST, FEW_WORDS, IN_A_ROW = 3, 4, 5
_NO_NAMES = """
aan alle allemaal als andere anderen bij bovenbouw broer daar dat de den der deze die door drie
een eens elf er erg groep groepje het hij iemand iets ik in is jaar jongen jongens juf klas
klasgenoot klasgenoten leerling leerlingen leraar les maar meer meester meisje meisjes meneer
met mevrouw mij mijn naam naar namen niet nog nu of om onbekend onder onderbouw ons ook ouder
ouders over paar school sommige te ten ter toen tot twee uit van veel vier vijf voor vriend
vrienden vriendin waar wat we weet wel wie wij ze zelf zijn zo zus
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words of a line about persons that are no name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a case knows and a note must not tell."""

    names: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    """Accounts and addresses of the evidence."""
    stories: tuple[str, ...] = ()


def problem(
    text: str, known: Known, *, pupil: str = "", refused: Sequence[str] = ()
) -> tuple[str, str] | None:
    """Say what must not stand there, as a kind and the words; None when nothing was found.

    Args:
        pupil: whose note it is; that name may stand there, whatever else it is.
        refused: words that tell of a report or of evidence.
    """
    own = set(folded(pupil).split())
    words = folded(text).split()
    for kind, lines in (("name", (*known.names, *known.reporters)), ("trace", known.traces)):
        found = _first(words, [name for line in lines for name in _names(line, own, kind)])
        if found:
            return kind, found
    said = _first(words, [folded(word) for word in refused])
    if said:
        return "word", said
    quoted = next((run for story in known.stories if (run := _shared(words, story))), "")
    return ("story", quoted) if quoted else None


def sentences(text: str) -> int:
    """How many sentences a text has."""
    return len([one for one in re.split(r"[.!?]+(?:\s+|$)|\n+", text) if one.strip()])


def _names(line: str, own: set[str], kind: str) -> Iterable[str]:
    """The words of a line that can be a name; of a long line only those with a capital."""
    if kind == "trace":
        return [folded(line)]
    given = re.findall(r"[^\W\d_]+", line)
    all_of_it = len(given) <= FEW_WORDS
    chosen = [folded(word) for word in given if all_of_it or word[:1].isupper()]
    return [
        word
        for word in chosen
        if len(word) >= SHORTEST and word not in NO_NAMES and word not in own
    ]


def _first(words: Sequence[str], wanted: Iterable[str]) -> str:
    text = f" {' '.join(words)} "
    return next((one for one in wanted if one and f" {one} " in text), "")


def _shared(words: Sequence[str], story: str) -> str:
    """Words in a row that the story has too."""
    told = f" {folded(story)} "
    runs = (" ".join(words[at : at + IN_A_ROW]) for at in range(len(words) - IN_A_ROW + 1))
    return next((run for run in runs if f" {run} " in told), "")
