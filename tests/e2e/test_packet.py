"""The packet for the police, checked by four programs of which one is ours."""

import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import bagit
import pytest

from tests.e2e.handling import LATER_BYTES, LATER_FILE, download, log_in

VERIFY = Path(sys.executable).with_name("evidence-store")


@pytest.fixture(scope="package")
def packet(browser, site, returned, tmp_path_factory):
    """The coordinator makes it, with everything that the pupil sent."""
    told = returned.handled.told
    folder = tmp_path_factory.mktemp("packet")
    context = browser.new_context(java_script_enabled=told.javascript)
    page = context.new_page()
    coordinator = told.school.having("leerlingcoordinator")[0]
    log_in(page, returned.watch, told.school, coordinator)
    place = download(page, returned.watch, returned.handled.case, folder)
    context.close()
    with zipfile.ZipFile(place) as archive:
        archive.extractall(folder)
    return place, next(path for path in folder.iterdir() if path.is_dir())


def lines_of_readme(bag: Path, program: str) -> list[str]:
    text = (bag / "LEESMIJ.txt").read_text("utf-8")
    found = [line for line in text.splitlines() if line.startswith(f"{program} ")]
    assert found
    return found


def run(command: list, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_our_own_program_accepts_it(packet):
    done = run([VERIFY, "verify", packet[0]])
    assert done.returncode == 0, done.stdout + done.stderr
    assert packet[0].name == "aangiftepakket.zip"


def test_a_bag_validator_of_others_accepts_it(packet):
    assert bagit.Bag(str(packet[1])).validate()


@pytest.mark.parametrize("program", ["sha256sum", "openssl"])
def test_the_lines_of_the_readme_run_as_they_stand(packet, program):
    for line in lines_of_readme(packet[1], program):
        done = run(shlex.split(line), cwd=packet[1])
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_originals_are_those_that_were_sent(packet, returned):
    sent = [*returned.handled.told.files.values(), LATER_BYTES]
    packed = [path.read_bytes() for path in (packet[1] / "data" / "originals").iterdir()]
    assert sorted(packed) == sorted(sent)
    listed = (packet[1] / "data" / "bewijslijst.json").read_text("utf-8")
    for name in (*returned.handled.told.files, LATER_FILE):
        assert name in listed


def test_one_changed_byte_is_named(packet, tmp_path):
    member = next(name for name in zipfile.ZipFile(packet[0]).namelist() if name.endswith(".jpg"))
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(packet[0]) as before, zipfile.ZipFile(changed, "w") as after:
        for item in before.infolist():
            data = before.read(item)
            if item.filename == member:
                data = data[:-1] + bytes([data[-1] ^ 1])
            after.writestr(item, data)
    done = run([VERIFY, "verify", changed])
    assert done.returncode == 1
    assert Path(member).name in done.stdout
