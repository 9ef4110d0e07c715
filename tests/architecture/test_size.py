"""Small enough to read: the budgets for files and functions."""

import statistics

import pytest

from tests.architecture.source import PACKAGES, ROOT, files, functions

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
P95_FUNCTION_LINES = 30
MAX_COMPLEXITY = 10


def test_files_stay_readable():
    # Protocols (TOML) are as long as the school's own protocol is, so they are not counted.
    ours = files(*PACKAGES, "tests", "templates", "static", endings=(".py", ".js", ".css", ".html"))
    long = {
        str(path.relative_to(ROOT)): lines
        for path in ours
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_stay_short(package):
    lengths = [function.lines for function in functions(package)]
    assert statistics.quantiles(lengths, n=20)[-1] <= P95_FUNCTION_LINES


def test_no_function_is_long_or_tangled():
    too_much = [
        function
        for function in functions(*PACKAGES)
        if function.lines > MAX_FUNCTION_LINES or function.complexity > MAX_COMPLEXITY
    ]
    assert too_much == []
