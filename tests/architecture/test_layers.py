"""The import rules of pyproject.toml hold."""

import subprocess
import sys

from tests.architecture.source import ROOT


def test_import_contracts_hold():
    said = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()"]
        + ["--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
