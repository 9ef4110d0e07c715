"""`portal init`, `roster import`, `staff` and `open`, as a school's administrator runs them."""

import re
import sqlite3

import pytest
from click.testing import CliRunner

from evidence_store import Identity
from portal.cli import main
from tests.services import founded as setting


@pytest.fixture
def portal(tmp_path, monkeypatch):
    """Run the command in an instance of its own; files lie in the same folder."""
    monkeypatch.setenv("PORTAL_INSTANCE_DIR", str(tmp_path / "instance"))
    (tmp_path / "staff.csv").write_text(setting.STAFF_CSV, "utf-8")
    (tmp_path / "classes.csv").write_text(setting.CLASSES_CSV, "utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, text=None):
        return CliRunner().invoke(main, arguments, input=text, catch_exceptions=False)

    return run


def arguments(**changes):
    options = {
        "slug": "linde",
        "name": "Lindecollege",
        "protocol": "cals",
        "place": "Utrecht",
        "staff": "staff.csv",
        "classes": "classes.csv",
        "founder": "VOS",
    } | changes
    return ["init", *(part for key, value in options.items() for part in (f"--{key}", value))]


def holders(count=3):
    keys = [str(Identity.generate().recipient) for _ in range(count)]
    names = ["BAK", "Ans Peters", "Piet Mol", "Wim Mol"]
    return [
        part
        for name, key in zip(names, keys, strict=False)
        for part in ("--holder", name, "--holder-recipient", key)
    ]


def codes(output):
    return dict(re.findall(r"  (\w+) +((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})", output))


def test_init_makes_a_school_and_prints_the_codes_once(portal):
    done = portal(*arguments(), *holders())
    assert done.exit_code == 0, done.output
    assert sorted(codes(done.output)) == ["bak", "dij", "jan", "vos", "wit"]
    again = portal(*arguments(), *holders())
    assert again.exit_code == 1
    assert "bestaat al" in again.stderr
    assert codes(again.output) == {}
    listed = portal("staff", "list", "--school", "linde")
    assert "BAK\tinvited\tMarijke Bakker\tmentor 1A" in listed.output


def test_holders_are_asked_for_with_what_they_must_do(portal):
    keys = [str(Identity.generate().recipient) for _ in range(3)]
    text = "\n".join(["Ans Peters", "Piet Mol", "Wim Mol", *keys, ""])
    done = portal(*arguments(), text=text)
    assert done.exit_code == 0, done.output
    assert "evidence-store keygen" in done.output


def test_a_holder_may_be_a_file_of_keygen(portal, tmp_path):
    identity = Identity.generate()
    file = tmp_path / "ans.txt"
    file.write_text(f"# public key: {identity.recipient}\n{identity}\n", "utf-8")
    options = holders()
    options[options.index("Ans Peters") + 2] = str(file)
    done = portal(*arguments(), *options)
    assert done.exit_code == 0, done.output
    assert str(identity) not in done.output


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        ({"slug": "Linde College"}, holders(), "--slug"),
        ({"protocol": "zweinstein"}, holders(), "--protocol: bekend zijn"),
        ({"founder": "XYZ"}, holders(), "--founder"),
        ({}, [*holders(2), "--holder", "X", "--holder-recipient", "age1x"], "geen age-ontvanger"),
        ({}, [*holders(), "--holder-recipient", "age1x"], "meer ontvangers dan houders"),
    ],
)
def test_mistakes_are_one_plain_line_and_change_nothing(portal, changes, options, expected):
    refused = portal(*arguments(**changes), *options)
    assert refused.exit_code == 1
    assert expected in refused.stderr
    assert "Traceback" not in refused.output
    assert portal("staff", "list", "--school", "linde").exit_code == 1


def test_a_secret_key_given_by_mistake_is_not_repeated(portal):
    options = holders()
    secret = str(Identity.generate())
    options[3] = secret
    refused = portal(*arguments(), *options)
    assert refused.exit_code == 1
    assert "nooit de sleutel zelf" in refused.stderr
    assert secret not in refused.output


def test_two_holders_may_not_share_a_key(portal):
    options = holders()
    options[7] = options[3]
    refused = portal(*arguments(), *options)
    assert refused.exit_code == 1
    assert "dezelfde sleutel" in refused.stderr


def test_mistakes_in_the_files_are_named(portal, tmp_path):
    (tmp_path / "staff.csv").write_text(setting.STAFF_CSV.replace("dewit@", "dewit"), "utf-8")
    refused = portal(*arguments(), *holders())
    assert refused.exit_code == 1
    assert refused.stderr == "staff.csv regel 3, kolom email: dit is geen e-mailadres\n"


def test_a_roster_is_tried_and_then_taken_over(portal, tmp_path):
    portal(*arguments(), *holders())
    new = setting.STAFF_CSV + "KOK;Eva Kok;kok@school.example;docent;;;\n"
    (tmp_path / "staff.csv").write_text(new, "utf-8")
    command = ["roster", "import", "staff.csv", "classes.csv", "--school", "linde"]
    tried = portal(*command, "--dry-run")
    assert "+ KOK Eva Kok  docent" in tried.output
    assert "niets veranderd" in tried.output
    assert "Eva Kok" not in portal("staff", "list", "--school", "linde").output
    assert portal(*command).exit_code == 0
    assert "KOK\tnew\tEva Kok\tdocent" in portal("staff", "list", "--school", "linde").output
    invited = portal("staff", "invite", "--school", "linde")
    assert list(codes(invited.output)) == ["kok"]


def test_an_invitation_replaces_the_code_before(portal):
    first = codes(portal(*arguments(), *holders()).output)["bak"]
    second = codes(portal("staff", "invite", "bak", "--school", "linde").output)["bak"]
    assert first != second
    assert portal("staff", "invite", "zzz", "--school", "linde").exit_code == 1


def test_an_account_is_reset_only_when_it_is_active_and_ended_once(portal):
    portal(*arguments(), *holders())
    assert portal("staff", "reset", "bak", "--school", "linde").exit_code == 1
    assert portal("staff", "disable", "bak", "--school", "linde").exit_code == 0
    assert portal("staff", "disable", "bak", "--school", "linde").exit_code == 1
    assert "BAK\tended" in portal("staff", "list", "--school", "linde").output
    assert portal("staff", "disable", "zzz", "--school", "linde").exit_code == 1


def test_open_says_why_not(portal):
    portal(*arguments(), *holders())
    refused = portal("open", "--school", "linde")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Nog niet open:\n- ")
    assert portal("open", "--school", "beuk").exit_code == 1


def test_ending_an_account_says_which_routes_lack_readers(portal):
    portal(*arguments(), *holders())
    ended = portal("staff", "disable", "bak", "--school", "linde")
    assert ended.exit_code == 0
    assert "Deze meldingen komen nu bij minder dan twee mensen uit:\n- Melding" in ended.output
    assert ": niemand kan lezen. Er zijn er twee nodig." in ended.output
    assert "alleen niemand" not in ended.output


def test_open_tells_of_an_open_school_what_reaches_too_few(portal, tmp_path):
    portal(*arguments(), *holders())
    with sqlite3.connect(tmp_path / "instance" / "portal.sqlite3") as database:
        database.execute("UPDATE school SET opened_at = '2026-11-16 09:00:00'")
    told = portal("open", "--school", "linde")
    assert told.exit_code == 1
    assert told.stdout == "School linde is al open voor meldingen.\n"
    assert told.stderr.startswith("Deze meldingen komen nu bij minder dan twee mensen uit:\n- ")


def test_help_names_every_command(portal):
    shown = portal("roster", "--help")
    assert shown.exit_code == 0
    assert "import" in shown.output
