"""The CSV pair of a school: who works there, and who stands before which class.

``staff.csv``: code;naam;email;rollen;klassen;jaarlagen;vervanger.
``classes.csv``: klas;jaarlaag;locatie and one column for each role that a class has someone for
(mentor or coach, leerlingcoordinator), named by the protocol's word. UTF-8 with or without mark
or Windows-1252; ``;``, ``,`` or tab. Several values in one field are split by ``,`` or ``|``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from portal.domain.protocol import Protocol, role_key
from portal.services.errors import ServiceError

STAFF_FILE, CLASSES_FILE = "staff.csv", "classes.csv"
STAFF_COLUMNS = ("code", "naam", "email", "rollen", "klassen", "jaarlagen", "vervanger")
STAFF_NEEDED = ("code", "naam", "email", "rollen")
CLASS_COLUMNS = ("klas", "jaarlaag", "locatie")
ADMIN_ROLE = "beheerder"
EXTRA_ROLES = ("docent", "vertrouwenspersoon", "bestuur", "bevoegd-gezag", ADMIN_ROLE)
"""Roles that every school may use beside those of its protocol."""
REFUSED = {
    "bsn": "BSN",
    "burgerservicenummer": "BSN",
    "sofinummer": "BSN",
    "onderwijsnummer": "onderwijsnummer",
    "pgn": "persoonsgebonden nummer",
    "persoonsgebonden-nummer": "persoonsgebonden nummer",
    "eckid": "ECK iD",
    "eck-id": "ECK iD",
    "ketenid": "ECK iD",
}
LONGEST = {"code": 32, "klas": 64, "jaarlaag": 16, "naam": 255, "email": 255, "locatie": 255}
LONGEST_FILE = 2 << 20
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where; line 1 is the header."""

    file: str
    line: int
    column: str
    text: str

    def __str__(self) -> str:
        place = f", kolom {self.column}" if self.column else ""
        return f"{self.file} regel {self.line}{place}: {self.text}"


class RosterFilesError(ServiceError):
    """The files cannot be used; ``problems`` says where and why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role for the school (both empty), for one class or for one year."""

    role: str
    class_name: str = ""
    year: str = ""

    def __str__(self) -> str:
        place = self.class_name or (f"jaar {self.year}" if self.year else "")
        return f"{self.role} {place}".strip()


@dataclass(slots=True)
class StaffLine:
    """One person of the staff file."""

    line: int
    code: str
    name: str
    email: str
    substitute: str = ""
    is_admin: bool = False
    grants: set[Grant] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of the classes file."""

    line: int
    name: str
    year: str
    location: str


@dataclass(frozen=True, slots=True)
class RosterFiles:
    """Both files, read and checked against the protocol and each other."""

    staff: tuple[StaffLine, ...]
    classes: tuple[ClassLine, ...]


@dataclass(slots=True)
class _Row:
    file: str
    line: int
    cells: dict[str, str]
    problems: list[Problem]

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    def many(self, column: str) -> list[str]:
        return [part.strip() for part in re.split(r"[,|]", self.get(column)) if part.strip()]

    def wrong(self, column: str, text: str) -> None:
        self.problems.append(Problem(self.file, self.line, column, text))


def read_pair(staff: bytes, classes: bytes, protocol: Protocol) -> RosterFiles:
    """Read both files and check them.

    Raises:
        RosterFilesError: with every problem found, each with file, line and column.
    """
    problems: list[Problem] = []
    class_rows = _rows(CLASSES_FILE, classes, CLASS_COLUMNS[:1], problems)
    staff_rows = _rows(STAFF_FILE, staff, STAFF_NEEDED, problems)
    if problems:
        raise RosterFilesError(problems)
    _check_columns(staff_rows, STAFF_COLUMNS, (), problems)
    _check_columns(class_rows, CLASS_COLUMNS, _roles(protocol), problems)
    class_lines = {line.name: line for line in _classes(class_rows)}
    people = {line.code: line for line in _people(staff_rows, protocol, class_lines)}
    _grant_by_class(class_rows, people)
    _check_people(staff_rows, people, protocol)
    if problems:
        raise RosterFilesError(sorted(problems, key=lambda p: (p.file, p.line, p.column)))
    return RosterFiles(tuple(people.values()), tuple(class_lines.values()))


def _roles(protocol: Protocol) -> tuple[str, ...]:
    declared = [role.key for role in protocol.roles]
    return tuple(dict.fromkeys([*declared, *EXTRA_ROLES]))


def _rows(file: str, data: bytes, needed: Sequence[str], problems: list[Problem]) -> list[_Row]:
    """Read a file into rows by column; problems with the header end it here."""
    unreadable = _unreadable(data)
    if unreadable:
        problems.append(Problem(file, 1, "", unreadable))
        return []
    lines = list(_records(data))
    if not lines:
        problems.append(Problem(file, 1, "", "dit bestand is leeg"))
        return []
    wrong = list(_header_problems(file, lines[0][1], needed))
    problems += wrong
    header = [role_key(cell) for cell in lines[0][1]]
    return [] if wrong else [_row(file, header, line, problems) for line in lines[1:]]


def _unreadable(data: bytes) -> str:
    if len(data) > LONGEST_FILE:
        return "dit bestand is groter dan 2 MB"
    return "dit is geen tekst; sla het op als CSV (UTF-8)" if b"\0" in data else ""


def _header_problems(file: str, cells: list[str], needed: Sequence[str]) -> Iterator[Problem]:
    header = [role_key(cell) for cell in cells]
    for cell, key in zip(cells, header, strict=True):
        if key in REFUSED:
            text = f"{REFUSED[key]} mag niet in dit bestand; haal de kolom eruit"
            yield Problem(file, 1, cell, text)
    for column in needed:
        if column not in header:
            yield Problem(file, 1, column, "deze kolom ontbreekt")
    if len(set(header)) != len(header):
        yield Problem(file, 1, "", "een kolomnaam komt twee keer voor")


def _row(
    file: str, header: list[str], line: tuple[int, list[str]], problems: list[Problem]
) -> _Row:
    number, cells = line
    row = _Row(file, number, dict(zip(header, cells, strict=False)), problems)
    if any(cells[len(header) :]):
        row.wrong("", f"{len(cells)} velden, maar de kop heeft er {len(header)}")
    return row


def _records(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decode(data)
    first = text.split("\n", 1)[0]
    delimiter = max(";\t,", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    for cells in reader:
        stripped = [" ".join(cell.split()) for cell in cells]
        if any(stripped):
            yield start, stripped
        start = reader.line_num + 1


def decode(data: bytes) -> str:
    """Read the text of a file in whichever of the usual encodings it is."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel on Windows; the few bytes without a meaning there become a visible mark.
        return data.decode("cp1252", "replace")


def _check_columns(
    rows: list[_Row], known: Sequence[str], roles: Sequence[str], problems: list[Problem]
) -> None:
    if not rows:
        return
    for column in rows[0].cells:
        if column and column not in known and column not in roles:
            more = f"; bekende rollen: {', '.join(roles)}" if roles else ""
            text = f"deze kolom is niet bekend{more}"
            problems.append(Problem(rows[0].file, 1, column, text))
    for row in rows:
        for column, longest in LONGEST.items():
            if len(row.get(column)) > longest:
                row.wrong(column, f"langer dan {longest} tekens")


def _classes(rows: list[_Row]) -> list[ClassLine]:
    found: dict[str, ClassLine] = {}
    for row in rows:
        name = row.get("klas")
        if not name:
            row.wrong("klas", "hier ontbreekt de naam van de klas")
        elif name in found:
            row.wrong("klas", f"klas {name} staat ook op regel {found[name].line}")
        else:
            found[name] = ClassLine(row.line, name, row.get("jaarlaag"), row.get("locatie"))
    return list(found.values())


def _people(rows: list[_Row], protocol: Protocol, classes: dict[str, ClassLine]) -> list[StaffLine]:
    found: dict[str, StaffLine] = {}
    for row in rows:
        code = row.get("code")
        if not code:
            row.wrong("code", "hier ontbreekt de code")
            continue
        if code.casefold() in {known.casefold() for known in found}:
            row.wrong("code", f"code {code} komt twee keer voor")
            continue
        if not row.get("naam"):
            row.wrong("naam", "hier ontbreekt de naam")
        if not EMAIL.fullmatch(row.get("email")):
            row.wrong("email", "dit is geen e-mailadres")
        found[code] = StaffLine(
            line=row.line,
            code=code,
            name=row.get("naam"),
            email=row.get("email"),
            substitute=row.get("vervanger"),
            grants=_grants(row, protocol, classes),
            is_admin=ADMIN_ROLE in map(role_key, row.many("rollen")),
        )
    return list(found.values())


def _grants(row: _Row, protocol: Protocol, classes: dict[str, ClassLine]) -> set[Grant]:
    """Spread the roles of one person over the classes and years of the same line."""
    for name in row.many("klassen"):
        if name not in classes:
            row.wrong("klassen", f"klas {name} staat niet in {CLASSES_FILE}")
    years = {line.year for line in classes.values()}
    for year in row.many("jaarlagen"):
        if year not in years:
            row.wrong("jaarlagen", f"geen klas in {CLASSES_FILE} heeft jaarlaag {year}")
    known = _roles(protocol)
    grants: set[Grant] = set()
    for word in row.many("rollen"):
        key = role_key(word)
        if key not in known:
            row.wrong("rollen", f"rol {word} is niet bekend; bekend zijn: {', '.join(known)}")
        elif key != ADMIN_ROLE:
            grants |= _spread(key, row, protocol)
    return grants


def _spread(key: str, row: _Row, protocol: Protocol) -> set[Grant]:
    role = protocol.role(key)
    by_class = {Grant(key, class_name=name) for name in row.many("klassen")}
    by_year = {Grant(key, year=year) for year in row.many("jaarlagen")}
    scope = role.scope if role is not None else "school"
    if scope == "class":
        # Without a class the classes file may name it; `_check_people` sees to that.
        return by_class or by_year
    if scope == "year":
        return by_year or by_class or {Grant(key)}
    return {Grant(key)}


def _grant_by_class(rows: list[_Row], people: dict[str, StaffLine]) -> None:
    for row in rows:
        for column in row.cells:
            if column in CLASS_COLUMNS or not column:
                continue
            for code in row.many(column):
                if code in people:
                    people[code].grants.add(Grant(column, class_name=row.get("klas")))
                else:
                    row.wrong(column, f"code {code} staat niet in {STAFF_FILE}")


def _check_people(rows: list[_Row], people: dict[str, StaffLine], protocol: Protocol) -> None:
    for row in rows:
        person = people.get(row.get("code"))
        if person is None:
            continue
        if person.substitute and person.substitute not in people:
            row.wrong("vervanger", f"code {person.substitute} staat niet in {STAFF_FILE}")
        if person.substitute == person.code:
            row.wrong("vervanger", "niemand vervangt zichzelf")
        held = {grant.role for grant in person.grants} | {ADMIN_ROLE}
        for word in row.many("rollen"):
            role = protocol.role(role_key(word))
            if role is not None and role.scope == "class" and role.key not in held:
                text = f"{word} van welke klas? Vul klassen in, of de kolom in {CLASSES_FILE}"
                row.wrong("klassen", text)
