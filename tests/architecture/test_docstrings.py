"""Every public name of the library is explained, and every module of the portal."""

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT, files

DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in files("portal", "evidence_store", endings=(".py",))
        if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]
    assert silent == []


def test_every_public_name_of_the_library_is_explained():
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in files("evidence_store", endings=(".py",))
        for node in public_definitions(ast.parse(path.read_text("utf-8")))
        if ast.get_docstring(node) is None
    ]
    assert silent == []


def public_definitions(scope: ast.AST) -> Iterator[ast.AST]:
    """Public classes and functions of a module, and the public methods of those classes."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, DEFINITIONS) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node)
