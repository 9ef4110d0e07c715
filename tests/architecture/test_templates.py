"""No template, style sheet or script lies about unused."""

import re

from tests.architecture.source import ROOT, files


def everything_that_names_files() -> str:
    sources = files("portal", "templates", "static", endings=(".py", ".html", ".css", ".js"))
    sources += files("templates", endings=(".txt",))
    return "\n".join(path.read_text("utf-8") for path in sources)


def test_every_template_is_used():
    text = everything_that_names_files()
    templates = ROOT / "templates"
    names = [
        path.relative_to(templates).as_posix()
        for path in files("templates", endings=(".html", ".txt"))
    ]
    assert names
    assert [name for name in names if f'"{name}"' not in text and f"'{name}'" not in text] == []


def test_every_template_that_is_named_exists():
    text = everything_that_names_files()
    named = set(re.findall(r"""["']((?:[a-z_]+/)*[a-z_0-9]+\.html)["']""", text))
    assert [name for name in sorted(named) if not (ROOT / "templates" / name).exists()] == []


def test_every_static_file_is_used():
    text = everything_that_names_files()
    static = ROOT / "static"
    paths = [path for path in static.rglob("*") if path.is_file()]
    assert paths
    assert [str(path.relative_to(static)) for path in paths if path.name not in text] == []


def test_scripts_stay_small():
    scripts = {path.name: path.stat().st_size for path in (ROOT / "static").rglob("*.js")}
    assert {name: size for name, size in scripts.items() if size > 3 * 1024} == {}
