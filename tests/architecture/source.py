"""What the tests about the code read: files, functions and their measures."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("portal", "evidence_store")
_BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.comprehension,
    ast.match_case,
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def files(*folders: str, endings: tuple[str, ...]) -> list[Path]:
    """Our files below these folders.

    Left out are caches, test vectors that others wrote, and migrations: a migration lists tables
    and columns, is written once and never edited.
    """
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    left_out = {ROOT / "tests" / "vectors", ROOT / "portal" / "migrations" / "versions"}
    return [
        path
        for path in found
        if path.suffix in endings
        and path.is_file()
        and "__pycache__" not in path.parts
        and left_out.isdisjoint(path.parents)
    ]


@dataclass(frozen=True)
class Function:
    where: str
    lines: int
    complexity: int


def functions(*folders: str) -> list[Function]:
    """Every function in these folders, with its length without docstring and its branches."""
    return [
        Function(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", _lines(node), _paths(node))
        for path in files(*folders, endings=(".py",))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    total = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        total -= docstring.end_lineno - docstring.lineno + 1
    return total


def _paths(node: ast.AST) -> int:
    """McCabe's number: one, and one more for each place where the way may part."""
    count = 1
    for child in _inside(node):
        count += isinstance(child, _BRANCHES)
    return count


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What a function holds, without the functions and classes defined in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _SCOPES):
            yield child
            yield from _inside(child)


def documentation() -> str:
    """Everything that people read: the README and what lies in docs."""
    pages = [ROOT / "README.md", *files("docs", endings=(".md",))]
    return "\n".join(page.read_text("utf-8") for page in pages)
