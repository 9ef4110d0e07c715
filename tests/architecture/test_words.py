"""Words that must not stand in the repository."""

import re
import subprocess

from tests.architecture.source import ROOT, files

# Put together here, so that this file passes its own test.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.", "deb" + "ian.org/debian"]
PLACES = ["/" + "root/", "/" + "work/", "/" + "home/", "/tmp/" + "build"]
UNPROVEN = re.compile(r"\b(victims?|bull(y|ies)|perpetrators?|daders?)\b", re.IGNORECASE)


def our_texts() -> dict[str, str]:
    """Every text file that git knows, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and not name.startswith("tests/vectors/"):
            data = path.read_bytes()
            if b"\0" not in data:
                texts[name] = data.decode("utf-8", "replace")
    return texts


def test_no_registry_addresses_and_no_machine_paths():
    found = [
        (name, word)
        for name, text in our_texts().items()
        for word in [*REGISTRIES, *PLACES]
        if word in text
    ]
    assert found == []


def test_nobody_is_called_guilty_or_helpless_before_anything_is_known():
    """The school's own protocols may use such words; our code and our pages do not."""
    sources = files("portal", "evidence_store", endings=(".py",))
    sources += files("templates", endings=(".html", ".txt"))
    found = [
        (str(path.relative_to(ROOT)), match.group())
        for path in sources
        for match in UNPROVEN.finditer(path.read_text("utf-8"))
    ]
    assert found == []


def test_pages_do_not_shout():
    shouting = re.compile(r"[a-zà-ÿ)]!(?!=)", re.IGNORECASE)
    found = [
        (str(path.relative_to(ROOT)), match.group())
        for path in files("templates", endings=(".html", ".txt"))
        for match in shouting.finditer(path.read_text("utf-8"))
    ]
    assert found == []
