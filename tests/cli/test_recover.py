"""`portal recover`: two printed keys, a reason, and what comes of it."""

import json
import stat

import pytest
from click.testing import CliRunner

from evidence_store import Identity
from portal.cli import main
from portal.config import load_settings
from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.services import derivation, instance_keys, slots, storage
from tests.services import founded as setting
from tests.services import reported


@pytest.fixture
def left(request, tmp_path, monkeypatch):
    """A school with one case, and the holders' prints as files."""
    monkeypatch.setenv("PORTAL_INSTANCE_DIR", str(tmp_path / "instance"))
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    monkeypatch.setattr(setting, "KEYS", instance_keys.load_or_create(settings.instance_dir))
    engine = make_engine(settings.resolved_database_url)
    upgrade(engine)
    founded = setting.found_school(make_session_factory(engine)())
    setting.activate_and_confirm(founded, "BAK", "WIT", "DIJ")
    store = storage.open_store(settings.resolved_storage_url)
    sent = reported.send(founded, store, files=True, name=True, keep=getattr(request, "param", ""))
    for number, identity in enumerate(founded.holders):
        (tmp_path / f"key{number}.txt").write_text(f"{identity}\n", "utf-8")
    founded.session.close()
    engine.dispose()
    return sent.case.label


def run(*arguments, text=None):
    return CliRunner().invoke(
        main, ["recover", "--school", "linde", *arguments], input=text, catch_exceptions=False
    )


def pair(label, *numbers):
    keys = [part for number in numbers for part in ("--identity", f"key{number}.txt")]
    return ["--case", label, *keys, "--reason", "Niemand kan de zaak lezen"]


def test_cases_are_listed_with_how_many_can_read_them(left):
    done = run()
    assert done.exit_code == 0
    assert done.output.split("\t")[0] == left
    assert done.output.endswith("lezers\n")


def test_two_keys_write_the_originals_out_for_us_alone(left, tmp_path):
    done = run(*pair(left, 0, 1), "--to", "uit")
    assert done.exit_code == 0, done.output
    out = tmp_path / "uit"
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    originals = sorted(path.read_bytes() for path in out.glob("0*"))
    assert originals == sorted(reported.FILES.values())
    assert all(path.parent == out for path in out.iterdir())
    assert reported.STORY in (out / "zaak.json").read_text("utf-8")
    assert reported.NAME not in (out / "zaak.json").read_text("utf-8")


@pytest.mark.parametrize("left", ["Schermafbeelding 2026-11-13.png"], indirect=True)
def test_what_is_kept_for_the_police_comes_out_only_when_asked_for(left, tmp_path):
    done = run(*pair(left, 0, 1), "--to", "uit")
    assert "1 bestand bleef verzegeld." in done.output
    names = [path.name for path in (tmp_path / "uit").iterdir()]
    assert len([name for name in names if name.startswith("0")]) == 1
    done = run(*pair(left, 1, 2), "--to", "politie", "--sealed")
    assert done.exit_code == 0, done.output
    kept = list((tmp_path / "politie" / "verzegeld").iterdir())
    assert [path.name for path in kept] == ["001-Schermafbeelding 2026-11-13.png"]
    assert kept[0].read_bytes() == reported.FILES["Schermafbeelding 2026-11-13.png"]
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600
    listed = CliRunner().invoke(main, ["fsck"], catch_exceptions=False)
    assert listed.output == "Alles klopt.\n"


def test_where_nothing_is_sealed_that_is_said(left):
    refused = run(*pair(left, 1, 2), "--to", "uit", "--sealed")
    assert refused.exit_code == 1
    assert "niets verzegeld" in refused.stderr


def test_keys_may_be_typed_and_are_not_shown(left, tmp_path):
    keys = [(tmp_path / f"key{number}.txt").read_text("utf-8") for number in (1, 2)]
    done = run("--case", left, "--reason", "Oefening", text="".join(keys))
    assert done.exit_code == 0, done.output
    assert "is open voor" in done.output
    assert not any(key.strip() in done.output for key in keys)


def test_the_name_comes_out_with_two_keys(left):
    done = run(*pair(left, 1, 2), "--name")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output[done.output.index("{") :])
    assert reported.NAME in str(told)


def test_a_colleague_can_be_given_the_case(left):
    refused = run(*pair(left, 1, 2), "--give-to", "JAN")
    assert refused.exit_code == 1
    assert "geen bevestigde sleutel" in refused.stderr
    done = run(*pair(left, 1, 2), "--give-to", "WIT", "--handles")
    assert done.exit_code == 0, done.output
    assert "Henk de Wit kan de zaak nu lezen." in done.output


def test_what_does_not_open_says_so_plainly(left, tmp_path):
    (tmp_path / "key9.txt").write_text(f"{Identity.generate()}\n", "utf-8")
    (tmp_path / "key8.txt").write_text("geen sleutel\n", "utf-8")
    for numbers, expected in (
        ((1, 1), "twee keer"),
        ((1, 9), "niet die van"),
        ((1, 8), "te lezen"),
    ):
        refused = run(*pair(left, *numbers))
        assert refused.exit_code == 1
        assert expected in refused.stderr
    assert run(*pair("AAA-AAA", 1, 2)).exit_code == 1


def test_fsck_says_whether_database_and_log_agree(left, tmp_path):
    done = CliRunner().invoke(main, ["fsck", "--read-all"], catch_exceptions=False)
    assert (done.exit_code, done.output) == (0, "Alles klopt.\n")
    for path in (tmp_path / "instance" / "evidence").rglob("?" * 26):
        path.unlink()
        break
    done = CliRunner().invoke(main, ["fsck"], catch_exceptions=False)
    assert done.exit_code == 1
    assert left not in done.output
