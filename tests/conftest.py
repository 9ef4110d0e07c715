"""What holds for every test: no network but loopback, seeded samples, loud gaps."""

import importlib.util
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Engine, create_engine

from portal import db

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None}

# The same samples in every run, so that a failure is the change's and not the dice's.
settings.register_profile("test", derandomize=True, max_examples=60, deadline=None)
settings.register_profile(
    "sweep",
    max_examples=1500,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-sweeps",
        action="store_true",
        help="every position, language, page and width; long fuzzing (make check)",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("sweep" if config.getoption("--full-sweeps") else "test")
    sys.addaudithook(_refuse_the_outside_world)


LONGEST_FIRST = ("e2e", "tour", "durability", "serve", "scenarios")
"""Folders of tests that several processes begin with, or one would finish long after the others."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _keep_together(items)
    if config.getoption("--full-sweeps"):
        return
    bounded = [item for item in items if item.get_closest_marker("sweep") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in bounded])
    items[:] = bounded


def _keep_together(items: list[pytest.Item]) -> None:
    """What shares a site stays with one process: the files that go on from the story once told,
    the rest of that folder, and elsewhere each file.
    """
    e2e = ROOT / "tests" / "e2e"
    told = {item.path for item in items if "told" in getattr(item, "fixturenames", ())}
    for item in items:
        place = str(item.path.relative_to(ROOT))
        if e2e in item.path.parents:
            place = "the story" if item.path in told else "e2e"
        item.add_marker(pytest.mark.xdist_group(place))

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def full_sweeps(request: pytest.FixtureRequest) -> bool:
    """Whether to try everything; a test that samples takes all positions then."""
    return bool(request.config.getoption("--full-sweeps"))


@pytest.fixture(scope="session", autouse=True)
def _queries_compiled_once() -> Iterator[None]:
    """Let all engines on SQLite share what they made of a query; a test mostly has its own."""
    first = create_engine("sqlite://")
    first.connect().close()
    kept = {"compiled_cache": {}}

    def make(url: URL, **more: object) -> Engine:
        made = create_engine(url, execution_options=kept, **more)
        if made.dialect.name == first.dialect.name:
            made.dialect = first.dialect
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "create_engine", make)
        yield


def _refuse_the_outside_world(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOOPBACK and name != socket.gethostname():
        raise RuntimeError(f"a test reached for {name}; only loopback is allowed")


def _missing_tools() -> dict[str, str]:
    place = ROOT / "requirements" / "setup.py"
    spec = importlib.util.spec_from_file_location("project_setup", place)
    setup = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(setup)
    return setup.missing_tools()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = _missing_tools()
    if missing:
        names = ", ".join(f"{name} (package {package})" for name, package in missing.items())
        terminalreporter.section("MISSING SYSTEM TOOLS", red=True, bold=True)
        terminalreporter.line(f"Not tested, because these are not installed: {names}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI a missing program fails the run: a green run must mean that everything ran."""
    if os.environ.get("CI") == "true" and exitstatus == 0 and _missing_tools():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
