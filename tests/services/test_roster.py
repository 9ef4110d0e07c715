"""The CSV pair: what is read, what is refused and where, and what an import changes."""

import json

import pytest
from sqlalchemy import select

from portal.domain.custody_kinds import CustodyKind
from portal.domain.facts import Facts
from portal.domain.readers import choose_readers
from portal.domain.routing import route
from portal.models import CustodyEvent, SchoolClass, StaffMember, StaffRole
from portal.protocols import known as protocol_keys
from portal.protocols import load
from portal.services import founding, roster, transaction
from portal.services.custody import SYSTEM
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.roster_files import Grant, RosterFilesError, read_pair
from tests.services import founded as setting

CALS = load("cals")
STAFF = setting.STAFF_CSV
CLASSES = setting.CLASSES_CSV


def read(staff=STAFF, classes=CLASSES, protocol=CALS):
    as_bytes = [text if isinstance(text, bytes) else text.encode() for text in (staff, classes)]
    return read_pair(*as_bytes, protocol)


def problems(**files):
    with pytest.raises(RosterFilesError) as refused:
        read(**files)
    return [str(problem) for problem in refused.value.problems]


def test_the_pair_is_read():
    files = read()
    people = {line.code: line for line in files.staff}
    assert people["BAK"].grants == {Grant("mentor", class_name="1A")}
    assert people["VOS"].grants >= {
        Grant("leerlingcoordinator", class_name="1A"),
        Grant("leerlingcoordinator", class_name="1B"),
    }
    assert people["JAN"].grants == {Grant("docent")}
    assert people["BAK"].substitute == "WIT"
    assert [(line.name, line.year, line.location) for line in files.classes] == [
        ("1A", "1", "Hoofdgebouw"),
        ("1B", "1", "Hoofdgebouw"),
    ]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_and_separators(delimiter, encoding, ending):
    staff = "code;naam;email;rollen;klassen\nGÜN;Zoë Gündoğan;z@school.example;mentor;1A|1B\n"
    if encoding == "cp1252":
        staff = staff.replace("ğ", "g")
    classes = "klas;jaarlaag;locatie\n1A;1;\n1B;1;\n"
    encoded = [
        text.replace(";", delimiter).replace("\n", ending).encode(encoding)
        for text in (staff, classes)
    ]
    [person] = read(*encoded).staff
    assert person.name.startswith("Zoë Gündo")
    assert person.grants == {Grant("mentor", class_name="1A"), Grant("mentor", class_name="1B")}


def test_quoted_fields_may_hold_the_separator():
    staff = 'code,naam,email,rollen,klassen\nBAK,"Bakker, M.",b@school.example,mentor,"1A,1B"\n'
    [person] = read(staff, "klas,jaarlaag\n1A,1\n1B,1\n").staff
    assert person.name == "Bakker, M."
    assert len(person.grants) == 2


@pytest.mark.parametrize("header", ["BSN", "Onderwijsnummer", "ECK iD", "EckId", "PGN"])
def test_numbers_of_pupils_are_refused(header):
    for name, text in (("staff", STAFF), ("classes", CLASSES)):
        first, rest = text.split("\n", 1)
        [problem] = problems(**{name: f"{first};{header}\n{rest}"})
        assert problem.startswith(f"{name}.csv regel 1, kolom {header}: ")
        assert "mag niet in dit bestand" in problem


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("BAK;Marijke Bakker;bakker@", "BAK;;bakker@"), "staff.csv regel 2, kolom naam:"),
        (("dewit@school.example", "dewit"), "staff.csv regel 3, kolom email:"),
        (
            ("leerlingcoordinator;;1", "tovenaar;;1"),
            "staff.csv regel 4, kolom rollen: rol tovenaar",
        ),
        (("docent;1A,1B", "docent;1A,9Z"), "staff.csv regel 5, kolom klassen: klas 9Z"),
        (("coordinator;;1;", "coordinator;;7;"), "staff.csv regel 4, kolom jaarlagen:"),
        (("1A;;WIT", "1A;;XXX"), "staff.csv regel 2, kolom vervanger: code XXX"),
        (("1A;;WIT", "1A;;BAK"), "staff.csv regel 2, kolom vervanger: niemand"),
        (("JAN;", "bak;"), "staff.csv regel 5, kolom code: code bak komt twee keer voor"),
        (("JAN;", ";"), "staff.csv regel 5, kolom code:"),
        (("code;naam", "kode;naam"), "staff.csv regel 1, kolom code: deze kolom ontbreekt"),
        (("klassen;jaarlagen", "klassen;leeftijd"), "staff.csv regel 1, kolom leeftijd:"),
        (("JAN;Sem", "JAN;Sem;x;y;z;1;2;3;4;Sem"), "staff.csv regel 5:"),
    ],
)
def test_mistakes_in_the_staff_file_are_named_with_line_and_column(change, expected):
    found = problems(staff=STAFF.replace(*change))
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("1B;1;", "1A;1;"), "classes.csv regel 3, kolom klas: klas 1A staat ook op regel 2"),
        ((";BAK;VOS", ";XYZ;VOS"), "classes.csv regel 2, kolom mentor: code XYZ"),
        (("mentor;leer", "goochelaar;leer"), "classes.csv regel 1, kolom goochelaar:"),
        (("1B;1;Hoofd", ";1;Hoofd"), "classes.csv regel 3, kolom klas:"),
    ],
)
def test_mistakes_in_the_classes_file_are_named_with_line_and_column(change, expected):
    found = problems(classes=CLASSES.replace(*change))
    assert any(problem.startswith(expected) for problem in found), found


def test_lines_are_counted_as_in_the_file_even_with_line_ends_in_fields():
    staff = 'code;naam;email;rollen\nA;"Een\nTwee";a@school.example;docent\n\nB;Bo;fout;docent\n'
    assert problems(staff=staff, classes="klas\n1A\n") == [
        "staff.csv regel 5, kolom email: dit is geen e-mailadres"
    ]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xff\xfe\x00", b"\x00" * 40, b'"' * 99, STAFF.encode("utf-16")]
)
def test_files_that_are_no_table_are_refused(data):
    assert problems(staff=data)


def test_a_class_role_without_a_class_is_refused():
    staff = STAFF.replace("mentor;1A;;WIT", "mentor;;;WIT")
    classes = CLASSES.replace("Hoofdgebouw;BAK", "Hoofdgebouw;WIT")
    [problem] = problems(staff=staff, classes=classes)
    assert problem.startswith("staff.csv regel 2, kolom klassen: mentor van welke klas?")


@pytest.mark.parametrize("key", protocol_keys())
def test_the_first_line_person_of_every_protocol_can_be_a_column(key):
    protocol = load(key)
    role = next(role.key for role in protocol.roles if role.scope == "class")
    staff = f"code;naam;email;rollen\nAB;A. Berg;a@school.example;{role}\n"
    files = read(staff, f"klas;jaarlaag;locatie;{role}\n1A;1;;AB\n", protocol)
    assert files.staff[0].grants == {Grant(role, class_name="1A")}


@pytest.fixture
def school(session):
    return setting.found_school(session)


def take_over(school, staff, classes):
    plan = roster.plan(school.session, school_id=school.school.id, files=read(staff, classes))
    roster.apply(school.session, plan, actor=SYSTEM, now=setting.NOW)
    transaction.commit(school.session)
    return plan


def test_the_same_files_change_nothing(school):
    plan = take_over(school, STAFF, CLASSES)
    assert plan.lines() == ["Geen verschil."]
    kinds = list(school.session.scalars(select(CustodyEvent.kind)))
    assert kinds.count(str(CustodyKind.ROSTER_CHANGED)) == 1


def test_a_dry_run_tells_the_difference_and_changes_nothing(school):
    staff = (
        STAFF.replace("mentor;1B;;BAK", "mentor;1B,2A;;").replace(
            "JAN;Sem Jansen;jansen@school.example;docent;1A,1B;;\n", ""
        )
        + "KOK;Eva Kok;kok@school.example;mentor|beheerder;2A;;\n"
    )
    classes = CLASSES + "2A;2;Dependance;KOK;VOS\n"
    plan = roster.plan(school.session, school_id=school.school.id, files=read(staff, classes))
    lines = plan.lines()
    assert "+ klas 2A  jaarlaag 2, Dependance" in lines
    assert "+ KOK Eva Kok  mentor 2A, beheerder" in lines
    assert "~ WIT Henk de Wit  vervanger wordt niemand, +mentor 2A" in lines
    assert "? Sem Jansen  staat niet in het bestand; het account blijft" in lines
    assert not transaction.is_dirty(school.session)
    names = set(school.session.scalars(select(SchoolClass.name)))
    assert names == {"1A", "1B"}


def test_an_import_changes_what_the_dry_run_said_and_logs_it(school):
    before = school.member("BAK").id
    classes = CLASSES.replace("1B;1;", "1C;1;").replace("WIT;VOS", "BAK;VOS")
    staff = STAFF.replace("mentor;1B", "docent;1C").replace("1A,1B", "1A,1C")
    plan = take_over(school, staff, classes)
    school.session.expire_all()
    assert set(school.session.scalars(select(SchoolClass.name))) == {"1A", "1C"}
    assert school.member("BAK").id == before
    again = roster.plan(school.session, school_id=school.school.id, files=read(staff, classes))
    assert again.lines() == ["Geen verschil."]
    last = school.session.scalars(
        select(CustodyEvent).order_by(CustodyEvent.position.desc())
    ).first()
    assert last.kind == str(CustodyKind.ROSTER_CHANGED)
    assert json.loads(last.public)["open"]["sealed"]["lines"] == plan.lines()


def test_an_import_takes_no_account_and_no_management_away(school):
    staff = STAFF.replace("VOS;Noor Vos;vos@school.example;leerlingcoordinator;;1;\n", "")
    take_over(school, staff, "klas;jaarlaag;mentor\n1A;1;BAK\n1B;1;WIT\n")
    founder = school.member("VOS")
    assert founder.is_admin
    assert founder.disabled_at is None


def test_roles_of_another_school_are_left_alone(school):
    other = setting.found_school(school.session, slug="beuk")
    take_over(school, STAFF.replace("docent", "vertrouwenspersoon"), CLASSES)
    roles = school.session.scalars(
        select(StaffRole.role_key)
        .join(StaffMember, StaffMember.id == StaffRole.staff_id)
        .where(StaffMember.school_id == other.school.id, StaffMember.code == "JAN")
    )
    assert list(roles) == ["docent"]


def test_routing_finds_the_people_of_the_roster(school):
    for code in ("BAK", "WIT", "VOS"):
        member = school.member(code)
        member.activated_at = member.confirmed_at = setting.NOW
        member.recipient = "age1" + "q" * 58
    transaction.commit(school.session)
    found = roster.roster_of(school.session, school.school.id)
    readers = choose_readers(route(CALS, Facts(class_relation="same")), CALS, found, classes=["1A"])
    assert [one.name for one in readers.handlers] == ["Marijke Bakker"]
    assert "Henk de Wit" in [one.name for one in readers.substitutes]


def test_a_school_opens_only_when_each_route_ends_in_two_readers(school):
    reasons = founding.open_school(school.session, slug="linde", actor=SYSTEM, now=setting.NOW)
    assert reasons
    assert not transaction.is_dirty(school.session)


def test_founding_again_is_refused(school):
    with pytest.raises(ConflictError):
        setting.found_school(school.session)


@pytest.mark.parametrize("slug", ["", "Linde", "lin de", "../x", "static", "-linde", "a" * 65])
def test_founding_refuses_addresses_that_cannot_be(session, slug):
    with pytest.raises(InvalidInputError):
        setting.found_school(session, slug=slug)
