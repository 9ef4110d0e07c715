"""`portal serve` and `portal worker` with settings that this version cannot work with."""

import os
import subprocess
import sys

import pytest

SETTINGS = {
    "PORTAL_STORAGE_URL": "s3:evidence",
    "PORTAL_REDIS_URL": "redis://:geheim@localhost:6379/0",
}


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_cannot_work_ends_in_one_line(tmp_path, command, name):
    done = subprocess.run(
        [sys.executable, "-c", "from portal.cli import main; main()", command],
        env={**os.environ, "PORTAL_INSTANCE_DIR": str(tmp_path), name: SETTINGS[name]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert name.removeprefix("PORTAL_").lower() in done.stderr
    assert "geheim" not in done.stderr
