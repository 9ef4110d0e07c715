"""The drill of docs/recovery-drill.md: no portal, only two printed keys and what lies on disk."""

import hashlib
import json
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from evidence_store import EvidenceStore
from evidence_store.backends import LocalBackend
from portal.services import derivation, slots
from tests.services import founded as setting
from tests.services import reported

KEPT = "Schermafbeelding 2026-11-13.png"
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "recovery-drill" / "recover.py"


@pytest.fixture
def remains(tmp_path, monkeypatch):
    """Two reports were sent; now only database, objects and three prints are left."""
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    instance = tmp_path / "instance"
    instance.mkdir()
    founded = setting.found_school(setting.open_database(instance))
    setting.activate_and_confirm(founded, "BAK", "WIT", "DIJ")
    store = EvidenceStore(LocalBackend(instance / "evidence"))
    reported.send(founded, store, files=True, name=True, keep=KEPT)
    reported.send(founded, store, files=True, exclude=("BAK",))
    founded.session.close()
    left = tmp_path / "left"
    left.mkdir()
    for name in ("portal.sqlite3", "portal.sqlite3-wal"):
        if (instance / name).exists():
            shutil.copy(instance / name, left / name)
    shutil.copytree(instance / "evidence", left / "evidence")
    shutil.rmtree(instance)
    for number, identity in enumerate(founded.holders):
        text = f"# gemaakt 16-11-2026\n# public key: {identity.recipient}\n{identity}\n"
        (left / f"key{number}.txt").write_text(text, "utf-8")
    return left


def drill(left, first, second, out="out"):
    """Run the script as the page says, with nothing of the portal in reach."""
    script = shutil.copy(SCRIPT, left / "recover.py")
    return subprocess.run(
        [sys.executable, "-I", script, "portal.sqlite3", "evidence/", first, second, out],
        cwd=left,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_printed_keys_bring_every_original_back(remains):
    done = drill(remains, "key2.txt", "key1.txt")
    assert done.returncode == 0, done.stderr
    originals = [path for path in (remains / "out").rglob("*-*") if path.is_file()]
    assert sorted(path.read_bytes() for path in originals) == sorted([*reported.FILES.values()] * 2)
    expected = {hashlib.sha256(data).hexdigest() for data in reported.FILES.values()}
    assert {line.split()[0] for line in done.stdout.splitlines()} == expected
    kept = [path for path in originals if path.name.startswith("verzegeld-")]
    assert [path.read_bytes() for path in kept] == [reported.FILES[KEPT]]
    assert kept[0].name.endswith(KEPT)
    lines = (remains / "out" / "records.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    stories = [item["body"]["answers"] for item in told if item["kind"] == "report"]
    assert [answers["story"]["value"] for answers in stories] == [reported.STORY] * 2
    assert [item["body"]["name"] for item in told if item["kind"] == "identity"] == [reported.NAME]


@pytest.mark.parametrize(("first", "second"), list(combinations(range(3), 2)))
def test_an_excluded_holder_gets_only_the_other_case(remains, first, second):
    done = drill(remains, f"key{first}.txt", f"key{second}.txt")
    opened = len(done.stdout.splitlines())
    excluded = first == 0  # the first holder is the mentor whom the second reporter shut out
    assert (done.returncode, opened) == ((1, 2) if excluded else (0, 4))


def test_one_key_alone_opens_nothing(remains):
    done = drill(remains, "key1.txt", "key1.txt")
    assert done.returncode == 1
    assert "open nothing" in done.stderr
    assert list((remains / "out").iterdir()) == []


def test_a_damaged_object_is_named_and_the_others_come_out(remains):
    victim = next(path for path in (remains / "evidence").rglob("?" * 26) if path.is_file())
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    done = drill(remains, "key1.txt", "key2.txt")
    assert done.returncode == 1
    assert victim.name in done.stderr
    assert len(done.stdout.splitlines()) == 3
