"""No template, style sheet or script lies about unused."""

import re

from jinja2 import Environment, nodes

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


def test_what_is_imported_once_says_nothing_outside_its_macros():
    """A template that is imported without context is made once: the first language would stay."""
    parser = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    folder = ROOT / "templates"
    trees = {
        path.relative_to(folder).as_posix(): parser.parse(path.read_text("utf-8"))
        for path in files("templates", endings=(".html",))
    }
    imported = {
        node.template.value
        for tree in trees.values()
        for node in tree.find_all((nodes.Import, nodes.FromImport))
        if not node.with_context
    }
    assert len(imported) > 5
    reporters = [name for name in imported if not name.startswith("staff/")]
    assert [name for name in reporters if list(_said_at_once(trees[name]))] == []


def _said_at_once(node):
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Macro):
            continue
        called = isinstance(child, nodes.Call) and getattr(child.node, "name", "") == "_"
        if called or (isinstance(child, nodes.Filter) and child.name == "tr"):
            yield child
        yield from _said_at_once(child)
