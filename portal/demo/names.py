"""Invented people and schools. None of them exists."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = (
    "Aafke", "Bas", "Chaima", "Daan", "Elin", "Farid", "Greet", "Hidde", "Ilse", "Joris",
    "Karima", "Lars", "Mare", "Nout", "Olga", "Pim", "Roos", "Sem", "Tessa", "Umar", "Vera",
    "Wout", "Yara", "Ziggy",
)  # fmt: skip
LAST = (
    "Aalbers", "van den Akker", "Bakker", "Boskma", "Çelik", "Dijkgraaf", "Eshuis", "Fokkema",
    "Groenhart", "Haverkamp", "Ilhan", "Jonkman", "Kappelhof", "Lindeboom", "Meerman",
    "Nieuwland", "Oostra", "Pietersma", "Ridderhof", "Smit", "Terpstra", "Uitenbroek",
    "Veldkamp", "de Wit", "Zandstra", "Aksoy", "Brandsma", "van Dalen", "Elzinga", "Hoekema",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FictionalSchool:
    """A school for one protocol."""

    slug: str
    name: str
    place: str
    protocol: str
    first_line: str
    accent: str
    shape: str


SCHOOLS = (
    FictionalSchool(
        "waterkant", "Lyceum Waterkant", "Zutphen", "cals", "mentor", "#0F4C5C", "water"
    ),
    FictionalSchool(
        "heuvelrug", "College De Heuvelrug", "Doorn", "borgen", "mentor", "#23512F", "hill"
    ),
    FictionalSchool(
        "stadspoort", "Montessori Stadspoort", "Delft", "oostpoort", "mentor", "#7A1F2B", "gate"
    ),
    FictionalSchool(
        "kompas", "Scholengroep Kompas", "Sneek", "de-route", "coach", "#1F3A7A", "compass"
    ),
    FictionalSchool(
        "linde", "Mavo De Linde", "Weert", "handelingskaart", "mentor", "#5E2A66", "tree"
    ),
)
CLASSES = (("1A", "1"), ("1B", "1"), ("2A", "2"), ("2B", "2"), ("3A", "3"), ("3B", "3"))
HALVES = ("1|2", "3")


def person(number: int) -> str:
    """Give the name of the n-th invented person; two numbers never share one."""
    first = FIRST[number % len(FIRST)]
    return f"{first} {LAST[(number * 7 + number // len(LAST)) % len(LAST)]}"
