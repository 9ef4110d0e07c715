"""What `portal demo` tells somebody who wants to look around."""

import json
from datetime import UTC, datetime

from click.testing import CliRunner

from portal.cli import main
from portal.config import Settings
from portal.demo import build
from portal.demo.build import ACCOUNTS_FILE
from portal.demo.names import SCHOOLS
from portal.services import derivation, runtime, slots


def person(login, role):
    return {"name": login, "roles": [role], "login": login, "passphrase": f"zin van {login}"}


def test_who_handles_the_first_story_is_the_one_to_try(tmp_path):
    staff = [
        person("men01", "mentor"),
        person("men02", "mentor"),
        person("lee01", "leerlingcoordinator"),
    ]
    school = {"slug": "linde", "name": "Linde", "protocol": "cals", "staff": staff}
    text = json.dumps([school | {"handles_first": "men02"}])
    (tmp_path / ACCOUNTS_FILE).write_text(text, "utf-8")
    said = CliRunner().invoke(main, ["demo", "--data", str(tmp_path), "--fill-only"]).output
    assert "zin van men02" in said
    assert "zin van lee01" in said
    assert "men01" not in said


def test_the_first_story_is_handled_by_the_mentor_of_its_class(tmp_path, monkeypatch):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    settings = Settings(instance_dir=tmp_path)
    runtime.migrate(settings)
    made = build._fill_one(settings, datetime(2026, 11, 16, 9, tzinfo=UTC), 0)
    assert SCHOOLS[0].slug == made["slug"]
    first = next(one for one in made["staff"] if one["login"] == made["handles_first"])
    assert first["roles"] == ["mentor"]
