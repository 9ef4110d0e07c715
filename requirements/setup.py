"""Makes the project's environment, with nothing but the standard library and pip.

    setup.py run|test    create .venv from requirements/run.txt or test.txt and link the commands
    setup.py system      for tests: install the missing system tools by apt, where that is allowed

The project itself is not built: a .pth file puts the checkout on the path and two small scripts
stand for the commands, so no build backend has to be fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
COMMANDS = {"portal": "portal.cli", "evidence-store": "evidence_store.cli"}
# Programs that tests need, with the Debian package that brings them.
TOOLS = {
    "age": "age",
    "chromium": "chromium",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "pdftoppm": "poppler-utils",
    "pg_ctl": "postgresql",
    "strace": "strace",
    "unzip": "unzip",
}
# Published without a wheel, and needed by tests only; nothing else may run code to be installed.
SOURCE_ONLY = "bagit"
NO_VENV = """
This Python cannot make an environment: its "venv" module has no pip (Debian and Ubuntu ship it
apart). Install it and run make again:

    sudo apt install python3-venv
"""


def find_tool(name: str) -> str | None:
    """Where a program is, also in the places that Debian keeps off the path."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    places += sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(name, path=os.pathsep.join(places))


def missing_tools() -> dict[str, str]:
    """The programs that are not there, with the package of each."""
    return {name: package for name, package in TOOLS.items() if find_tool(name) is None}


def make_environment(kind: str) -> None:
    """Create or refresh .venv; an environment for tests also holds what running needs."""
    pip = _venv_pip()
    say(f"Installing requirements/{kind}.txt (hash-checked) …")
    subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        + ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY]
        + ["-r", str(ROOT / "requirements" / f"{kind}.txt")],
        check=True,
    )
    _link_project()
    for name in {"run", kind}:
        (VENV / f".ready-{name}").touch()


def _venv_pip() -> list[str]:
    """The environment's pip, or an outer pip that can work on it."""
    own = [str(PYTHON), "-m", "pip"]
    if PYTHON.exists() and _works(own):
        return own
    if not PYTHON.exists():
        say(f"Creating {VENV.name} with Python {sys.version.split()[0]} …")
    if _works([sys.executable, "-m", "venv", str(VENV)]):
        return own
    outer = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    without_pip = [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
    if _works(without_pip) and _works(outer):
        return outer
    sys.exit(NO_VENV)


def _works(command: list[str]) -> bool:
    if command[-1] == "pip" or "--python" in command:
        command = [*command, "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _link_project() -> None:
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([PYTHON, "-c", query], capture_output=True, text=True, check=True)
    (Path(site.stdout.strip()) / "veilig-melden.pth").write_text(f"{ROOT}\n", "utf-8")
    for command, module in COMMANDS.items():
        script = VENV / "bin" / command
        # Through sh, because a "#!" line may hold neither blanks nor more than 127 bytes.
        script.write_text(
            f"#!/bin/sh\n'''exec' \"{PYTHON}\" \"$0\" \"$@\"\n'''\n"
            f"import sys\nfrom {module} import main\n"
            # The guard is for processes that start anew and read this file again.
            'if __name__ == "__main__":\n    sys.exit(main())\n',
            "utf-8",
        )
        script.chmod(0o755)


def install_system_tools() -> None:
    """Install what is missing where we may; otherwise say loudly what tests will lack."""
    missing = missing_tools()
    if not missing:
        return
    prefix = _root_prefix()
    if prefix is not None and shutil.which("apt-get"):
        say(f"Installing system packages for the tests: {', '.join(missing.values())} …")
        _apt(prefix, sorted(set(missing.values())))
        missing = missing_tools()
    if missing:
        line = "=" * 78
        names = ", ".join(f"{name} ({package})" for name, package in missing.items())
        say(f"{line}\nMISSING SYSTEM TOOLS: {names}\nThe tests that need them cannot run.\n{line}")


def _root_prefix() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    allowed = shutil.which("sudo") and subprocess.run([*sudo, "true"], check=False).returncode == 0
    return sudo if allowed else None


def _apt(prefix: list[str], packages: list[str]) -> None:
    quiet = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*quiet, "update"], check=False, stdout=subprocess.DEVNULL)
    install = [*quiet, "install", "--yes", "--no-install-recommends", *packages]
    subprocess.run(install, check=False, stdout=subprocess.DEVNULL)


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def main(arguments: list[str]) -> None:
    """Run one of the three actions."""
    if arguments == ["system"]:
        install_system_tools()
    elif arguments in (["run"], ["test"]):
        try:
            make_environment(arguments[0])
        except subprocess.CalledProcessError as error:
            sys.exit(f"This step failed: {' '.join(map(str, error.cmd[:6]))} …")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
