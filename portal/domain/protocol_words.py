"""Conditions of a protocol in a coordinator's words: when a rule holds, when a thing is needed."""

from __future__ import annotations

from collections.abc import Iterable

from portal.domain.protocol import Communication, Protocol, Registration, Todo, When
from portal.domain.protocol_parse import inside

FLAGS = {
    "cyber": ("online", "niet online"),
    "group": ("een groep", "geen groep"),
    "structural": ("structureel", "niet structureel"),
    "ongoing": ("gaat door na ingrijpen", "nog geen ingrijpen"),
}
RELATIONS = {"same": "dezelfde klas", "different": "andere klassen", "unknown": "klas niet bekend"}


MEDIA = {
    "phone": "per telefoon",
    "visit": "op school",
    "talk": "in een gesprek",
    "written": "op papier",
}
AUDIENCES = {
    "ouders": "alle ouders",
    "ouders-gepeste": "ouders van de gepeste leerling",
    "ouders-pester": "ouders van de andere leerling",
    "leerling-gepeste": "de gepeste leerling",
    "leerling-pester": "de andere leerling",
    "klas": "de klas",
    "collegae": "collega's",
    "docententeam": "het docententeam",
    "lesgevende-docenten": "de lesgevende docenten",
    "collegas-jaarlaagoverleg": "collega's in het jaarlaagoverleg",
}


def told_words(found: Protocol, told: Communication) -> list[str]:
    """Whom a communication is for, and how."""
    to = ", ".join(AUDIENCES.get(key) or found.label(key) for key in told.to)
    return [f"aan: {to}", *([MEDIA[told.medium]] if told.medium in MEDIA else [])]


def noted_words(note: Registration) -> list[str]:
    """Where a note is to stand, under which title, and whether for each pupil apart."""
    return [
        f"in: {note.system}" + (f", {note.section}" if note.section else ""),
        *([f"titel: {', '.join(note.titles)}"] if note.titles else []),
        *(["bij iedere leerling apart"] if note.per_pupil else []),
    ]


def whens(alternatives: tuple[When, ...]) -> str:
    """When a rule holds, in words."""
    return ", of ".join(map(_when, alternatives)) if alternatives else "altijd"


def _when(when: When) -> str:
    said = [RELATIONS.get(when.class_relation, "")]
    if when.report_max == when.report_min:
        said.append("eerste melding" if when.report_min == 1 else f"melding {when.report_min}")
    elif when.report_max:
        said.append(f"melding {when.report_min} tot en met {when.report_max}")
    elif when.report_min > 1:
        said.append(f"melding {when.report_min} of later")
    for name, (yes, no) in FLAGS.items():
        flag = getattr(when, name)
        said.append("" if flag is None else yes if flag else no)
    return " en ".join(part for part in said if part) or "altijd"


def needs(found: Protocol, item: Todo) -> list[str]:
    """What makes an optional thing needed, and what stands for a needed one."""
    after = [*item.needed_after]
    return [
        *([f"nodig bij: {whens(item.needed_when)}"] if item.needed_when else []),
        *([f"nodig zodra gedaan is: {labels(found, after)}"] if after else []),
        *(
            [f"nodig bij een nee op: {labels(found, item.needed_refused)}"]
            if item.needed_refused
            else []
        ),
        *([f"hoeft niet na: {labels(found, item.unless)}"] if item.unless else []),
    ]


def labels(found: Protocol, keys: Iterable[str]) -> str:
    """The words of some things, by key."""
    known = {item.key: item.label.rstrip(".") for step in found.steps for _, item in inside(step)}
    return ", ".join(known.get(key, key) for key in keys)
