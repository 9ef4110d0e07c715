"""`portal protocol list | check | show | route` as people and scripts meet them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal import protocols
from portal.cli.protocol import protocol

SEEDS = Path(__file__).parents[1] / "vectors" / "seeds"
FILES = Path(protocols.__file__).parent
KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")


def run(*words, given: bytes | None = None):
    return CliRunner().invoke(protocol, [str(word) for word in words], input=given)


def test_list_prints_the_keys():
    assert run("list").stdout.split() == list(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_show_cites_every_item(key):
    found = json.loads(run("show", key, "--json").stdout)
    assert found["key"] == key
    groups = ("roles", "intake", "steps", "hard_rules", "guidance")
    entries = [entry for group in groups for entry in found[group]]
    for step in found["steps"]:
        for group in ("actions", "gates", "deadlines", "communications", "registrations"):
            entries += step[group]
    assert all(entry["key"] and entry["quote"] and entry["file"] for entry in entries)
    assert all((entry["line"] > 0) == (entry["file"] == f"{key}.txt") for entry in entries)
    plain = run("show", key).stdout
    assert all(f"[{entry['key']}]" in plain for entry in entries)
    assert f"({key}.txt r. " in plain


def test_show_tells_the_literal_title():
    assert "Pesten stap 1" in run("show", "cals").stdout


def test_show_speaks_to_a_coordinator():
    said = run("show", "cals").stdout
    assert "4 weken na: Maak afspraken om herhaling te voorkomen; voor: Controleer" in said
    assert (
        "aan: ouders van de gepeste leerling, ouders van de andere leerling; per telefoon" in said
    )
    assert "naar: leerlingcoördinator (antipestcoördinator); stap: Fase 2" in said
    assert "in: Magister, logboek; titel: Pesten stap 1, pesten stap 2" in said
    assert "het portaal let hierop; bij: schorsing" in said
    assert "akkoord van de ouders, ieder apart; gepeste leerling" in run("show", "borgen").stdout
    assert '="' not in said
    assert "4 weken na: Maak afspraken" in said
    assert "duurt zo lang; niet eerder gedaan" in said
    assert "nodig bij: dezelfde klas en melding 1 tot en met 2" in said
    assert "(WVO 2020 art. 8.14, nagekeken op 2026-11-20)" in said
    other = run("show", "de-route").stdout
    assert "hoeft niet na: Of spreek een alternatief plan af" in other
    assert "nodig bij een nee op: De gepeste leerling staat achter het Herstelgesprek" in other
    assert "voor het einde van een zaak: Informeer de ouders van de gepeste leerling" in other


@pytest.mark.parametrize("key", KEYS)
def test_check_accepts_our_own_files(key):
    done = run("check", FILES / f"{key}.toml", "--source", SEEDS / f"{key}.txt")
    assert done.exit_code == 0
    assert "in orde" in done.stdout
    assert "niet nagekeken" not in done.stdout
    assert "niet nagekeken" in run("check", FILES / f"{key}.toml").stdout


def test_check_finds_the_source_beside_the_file_and_names_each_fault(tmp_path):
    shutil.copy(SEEDS / "cals.txt", tmp_path / "cals.txt")
    text = (FILES / "cals.toml").read_text("utf-8")
    text = text.replace('role = "mentor"\nstep = "fase-1"', 'role = "juf"\nstep = "fase-1"')
    text = text.replace("line = 45", "line = 46")
    (tmp_path / "own.toml").write_text(text, "utf-8")
    done = run("check", tmp_path / "own.toml")
    assert done.exit_code == 1
    assert "onbekende rol 'juf'" in done.stderr
    assert "zet 'line' op 45" in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"", b"key = ", b"\xff\xfe", b"roles = 3", b"x = " + b"[" * 5000, b"[[roles]]\nkey = [1]"],
)
def test_check_refuses_what_is_no_protocol(tmp_path, content):
    (tmp_path / "bad.toml").write_bytes(content)
    done = run("check", tmp_path / "bad.toml")
    assert done.exit_code == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.output


def test_route_answers_with_exactly_the_five_keys(tmp_path):
    (tmp_path / "facts.json").write_text('{"report_count": 2}', "utf-8")
    answer = json.loads(run("route", "borgen", "--facts", tmp_path / "facts.json", "--json").stdout)
    assert list(answer) == ["role", "step", "also", "excluded", "explanation"]
    assert (answer["role"], answer["step"]) == ("mentor", "stap-2")
    assert set(answer["explanation"][0]) == {"rule", "quote", "file", "line"}


def test_route_reads_standard_input_and_speaks_to_people():
    done = run("route", "oostpoort", "--facts", "-", given=b'{"cyber": true}')
    assert done.exit_code == 0
    assert "leerlingcoördinator" in done.stdout
    assert "oostpoort.txt r. 393" in done.stdout


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"colour": 1}', "colour"),
        (b'{"report_count": 0}', "report_count"),
        (b'{"cyber": 1}', "cyber"),
        (b"[]", "object"),
        (b"\xff", "UTF-8"),
        (b"", "JSON"),
    ],
)
def test_route_refuses_bad_facts_on_one_line(tmp_path, content, named):
    (tmp_path / "facts.json").write_bytes(content)
    done = run("route", "cals", "--facts", tmp_path / "facts.json", "--json")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr


@pytest.mark.parametrize("key", ["nergens", "_portal", "../cals", "", "cals\n"])
def test_an_unknown_protocol_is_refused_on_one_line(tmp_path, key):
    (tmp_path / "facts.json").write_text("{}", "utf-8")
    for words in (("route", key, "--facts", tmp_path / "facts.json"), ("show", key)):
        done = run(*words)
        assert done.exit_code == 2
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["missing.json", ".", "nul\0"])
def test_a_facts_file_that_cannot_be_read_is_refused_on_one_line(tmp_path, name):
    done = run("route", "cals", "--facts", f"{tmp_path}/{name}")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
