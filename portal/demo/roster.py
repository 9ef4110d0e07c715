"""The CSV pair of a fictional school: every role that its protocol names has somebody."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.demo.names import CLASSES, HALVES, FictionalSchool, person
from portal.domain.protocol import Protocol, Role

BOARD_MEMBERS = 2
ON_DUTY = 2


@dataclass(slots=True)
class Line:
    """One person of the staff file."""

    code: str
    name: str
    roles: str
    classes: str = ""
    years: str = ""
    substitute: str = ""


@dataclass(slots=True)
class Pair:
    """Both files, and who does what in the stories."""

    lines: list[Line] = field(default_factory=list)
    first_line: dict[str, str] = field(default_factory=dict)

    def staff_csv(self) -> bytes:
        """Write ``staff.csv``."""
        rows = ["code;naam;email;rollen;klassen;jaarlagen;vervanger"]
        rows += [
            f"{one.code};{one.name};{one.code}@school.example;{one.roles};{one.classes};"
            f"{one.years};{one.substitute}"
            for one in self.lines
        ]
        return "\n".join(rows).encode()

    def classes_csv(self) -> bytes:
        """Write ``classes.csv``; who has which class stands in the staff file."""
        return "\n".join(["klas;jaarlaag;locatie", *(f"{a};{b};" for a, b in CLASSES)]).encode()


def make_pair(school: FictionalSchool, protocol: Protocol, *, start: int) -> Pair:
    """Make the files; ``start`` keeps names of different schools apart."""
    pair = Pair()
    for role in protocol.roles:
        for classes, years in _places(role, school):
            number = len(pair.lines) + start
            code = f"{role.key[:3]}{len(pair.lines) + 1:02}"
            line = Line(code, person(number), role.key, classes, years)
            pair.lines.append(line)
            if role.key == school.first_line:
                pair.first_line[classes] = code
    _stand_in(pair, school.first_line)
    return pair


def _places(role: Role, school: FictionalSchool) -> list[tuple[str, str]]:
    if role.scope == "external":
        return []
    if role.key == school.first_line:
        return [(name, "") for name, _ in CLASSES]
    if role.scope == "class":
        return [("|".join(name for name, _ in CLASSES), "")]
    if role.scope == "year":
        return [("", years) for years in HALVES]
    if role.scope == "duty_roster":
        return [("", "")] * ON_DUTY
    return [("", "")] * (BOARD_MEMBERS if role.key == "bestuur" else 1)


def _stand_in(pair: Pair, first_line: str) -> None:
    """Let each first-line person be replaced by the next one."""
    own = [line for line in pair.lines if line.roles == first_line]
    for line, following in zip(own, [*own[1:], own[0]], strict=True):
        line.substitute = following.code
