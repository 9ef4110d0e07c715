"""The command as somebody types it: what it prints, how it ends, what it leaves behind."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = os.urandom(200_000)


class Shell:
    """A folder with a key and a file, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.store = folder / "store"
        (folder / "file").write_bytes(DATA)
        key = self.run("keygen").stdout
        (folder / "key.txt").write_bytes(key)
        self.recipient = key.split()[2].decode()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "evidence_store.cli", *arguments]

    def run(self, *arguments: str, **options):
        options = {"capture_output": True, "cwd": self.folder, "env": self.environment, **options}
        return subprocess.run(self.command(*arguments), check=False, **options)

    def put(self) -> dict[str, object]:
        done = self.run("put", "store", "file", "--to", self.recipient, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def fails(self, *arguments: str, saying: str = "") -> None:
        """Run what must fail: one line, no traceback, nothing left behind."""
        before = sorted(self.folder.rglob("*"))
        done = self.run(*arguments)
        assert done.returncode not in (0, 1), done
        assert done.stdout == b""
        assert done.stderr.count(b"\n") == 1
        assert done.stderr.startswith(b"evidence-store")
        assert b"Traceback" not in done.stderr
        assert saying in done.stderr.decode()
        assert sorted(self.folder.rglob("*")) == before


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_keygen_prints_an_identity_file(shell: Shell) -> None:
    """What it prints is what `age -i` and `age-keygen -y` take."""
    key = shell.folder / "key.txt"
    done = subprocess.run(["age-keygen", "-y", key], capture_output=True, check=True)
    assert done.stdout.decode().strip() == shell.recipient
    assert all(line.startswith(("#", "AGE-SECRET-KEY-1")) for line in key.read_text().splitlines())


def test_put_and_get(shell: Shell) -> None:
    answer = shell.put()
    assert set(answer) == {"id", "sha256", "size", "ciphertext_sha256"}
    assert answer["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert answer["size"] == len(DATA)
    done = shell.run("get", "store", str(answer["id"]), "-i", "key.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, DATA, b"")
    objects = [path for path in shell.store.rglob("*") if path.name == answer["id"]]
    assert hashlib.sha256(objects[0].read_bytes()).hexdigest() == answer["ciphertext_sha256"]
    command = ["age", "-d", "-i", shell.folder / "key.txt", objects[0]]
    assert subprocess.run(command, capture_output=True, check=True).stdout == DATA


def test_put_without_json_says_the_same(shell: Shell) -> None:
    done = shell.run("put", "store", "file", "--to", shell.recipient)
    lines = dict(line.split(": ") for line in done.stdout.decode().splitlines())
    assert list(lines) == ["id", "sha256", "size", "ciphertext_sha256"]
    assert lines["sha256"] == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("form", ["--to A B", "--to A --to B", "--to A B --to A"])
def test_several_recipients(form: str, shell: Shell) -> None:
    other = shell.run("keygen").stdout
    (shell.folder / "other.txt").write_bytes(other)
    names = {"A": shell.recipient, "B": other.split()[2].decode()}
    arguments = [names.get(word, word) for word in form.split()]
    done = shell.run("put", "store", "file", *arguments, "--json")
    item_id = json.loads(done.stdout)["id"]
    for key in ("key.txt", "other.txt"):
        assert shell.run("get", "store", item_id, "-i", key).stdout == DATA


def test_what_put_refuses(shell: Shell) -> None:
    (shell.folder / "empty").touch()
    to = ["--to", shell.recipient]
    shell.fails("put", "store", "empty", *to, saying="empty")
    shell.fails("put", "store", "nowhere", *to, saying="nowhere")
    shell.fails("put", "store", ".", *to)
    shell.fails("put", "store", "file", saying="--to")
    shell.fails("put", "store", "file", "--to")
    shell.fails("put", "store", "file", "--to", "age1nonsense")
    mistyped = shell.recipient[:-1] + ("x" if shell.recipient[-1] != "x" else "z")
    shell.fails("put", "store", "file", "--to", mistyped)
    shell.fails("put", "store", "file", *to, "age1nonsense")
    secret = (shell.folder / "key.txt").read_text().split()[3]
    shell.fails("put", "store", "file", "--to", secret)
    assert secret.encode() not in shell.run("put", "store", "file", "--to", secret).stderr
    shell.fails("put", "file", "file", *to)
    shell.fails("put", "key.txt/store", "file", *to)
    shell.fails("put", "store")
    shell.fails("put", "store", "file", "more", *to)
    shell.fails("nonsense")
    shell.fails()
    assert not shell.store.exists()


def test_what_get_refuses(shell: Shell) -> None:
    item_id = str(shell.put()["id"])
    (shell.folder / "other.txt").write_bytes(shell.run("keygen").stdout)
    (shell.folder / "binary").write_bytes(b"\xff\x00" * 100)
    shell.fails("get", "store", item_id, "-i", "other.txt", saying="none of the given identities")
    shell.fails("get", "store", item_id, "-i", "binary")
    shell.fails("get", "store", item_id, "-i", "nowhere")
    shell.fails("get", "store", item_id, "-i", ".")
    shell.fails("get", "store", item_id)
    shell.fails("get", "store", "a" * 26, "-i", "key.txt", saying="no object")
    shell.fails("get", "store", "../../key.txt", "-i", "key.txt")
    shell.fails("get", "store", item_id + ".digest", "-i", "key.txt")
    shell.fails("get", "nowhere", item_id, "-i", "key.txt", saying="no store")


def test_get_of_a_damaged_object_fails(shell: Shell) -> None:
    item_id = str(shell.put()["id"])
    path = shell.store / item_id[:2] / item_id
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    done = shell.run("get", "store", item_id, "-i", "key.txt")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1


def test_fsck(shell: Shell) -> None:
    item_id = str(shell.put()["id"])
    assert shell.run("fsck", "store").returncode == 0
    assert shell.run("fsck", "store", "--read-all").returncode == 0
    path = shell.store / item_id[:2] / item_id
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert shell.run("fsck", "store").returncode == 0
    done = shell.run("fsck", "store", "--read-all")
    assert done.returncode == 1
    assert f"damaged {item_id}: content".encode() in done.stdout
    answer = json.loads(shell.run("fsck", "store", "--read-all", "--json").stdout)
    assert answer["ok"] is False
    assert answer["damage"][0]["id"] == item_id
    path.unlink()
    assert f"damaged {item_id}: missing".encode() in shell.run("fsck", "store").stdout
    shell.fails("fsck", "nowhere", saying="no store")


def test_fsck_lists_orphans_and_parts_as_no_damage(shell: Shell) -> None:
    item_id = str(shell.put()["id"])
    path = shell.store / item_id[:2] / item_id
    path.with_name(item_id + ".digest").unlink()
    path.with_name("ab".join([item_id[:2], item_id[4:]]) + ".part").touch()
    done = shell.run("fsck", "store", "--read-all")
    assert done.returncode == 0
    assert f"orphan {item_id}".encode() in done.stdout
    assert b"part " in done.stdout


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let programs started here hear SIGINT, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_put_leaves_no_part(kind: signal.Signals, shell: Shell) -> None:
    os.mkfifo(shell.folder / "pipe")
    command = shell.command("put", "store", "pipe", "--to", shell.recipient)
    options = {"cwd": shell.folder, "env": shell.environment, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **options) as process:
        with (shell.folder / "pipe").open("wb") as pipe:
            pipe.write(bytes(5_000_000))
            pipe.flush()
            until = time.monotonic() + 30
            while not list(shell.store.rglob("*.part")) and time.monotonic() < until:
                time.sleep(0.01)
            assert list(shell.store.rglob("*.part"))
            time.sleep(0.2)  # until it waits for more
            process.send_signal(kind)
            assert process.wait(30) == 2
        assert process.stderr.read().count(b"\n") == 1
    assert not [path for path in shell.store.rglob("*") if path.is_file()]


def test_a_full_output_is_told(shell: Shell) -> None:
    item_id = str(shell.put()["id"])
    with Path("/dev/full").open("wb") as full:
        for arguments in (["get", "store", item_id, "-i", "key.txt"], ["keygen"]):
            options = {"stdout": full, "stderr": subprocess.PIPE, "capture_output": False}
            done = shell.run(*arguments, **options)
            assert done.returncode == 2
            assert done.stderr.count(b"\n") == 1


def test_a_reader_that_goes_away(shell: Shell) -> None:
    (shell.folder / "file").write_bytes(bytes(5_000_000))
    command = shell.command("get", "store", str(shell.put()["id"]), "-i", "key.txt")
    options = {"cwd": shell.folder, "env": shell.environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **options, **pipes) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read().count(b"\n") == 1
    assert process.returncode == 2


def test_names_cannot_draw_on_the_terminal(shell: Shell) -> None:
    for name in ("\x1b[2Jx\n", "\u202egpj.exe", b"\xff\xfe".decode("utf-8", "surrogateescape")):
        shell.fails("put", "store", name, "--to", shell.recipient)
        shell.fails("fsck", name)
        assert b"\x1b" not in shell.run("fsck", name).stderr


def test_inspect(shell: Shell) -> None:
    done = shell.run("inspect", "file", "--json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert len(answer) == 8
    (shell.folder / "empty").touch()
    done = shell.run("inspect", "empty", "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "refuse")
    shell.fails("inspect", "nowhere", "--json")


def test_verify(shell: Shell) -> None:
    done = shell.run("verify", "file")
    assert done.returncode == 1
    assert done.stdout.startswith(b"file: ")
    done = shell.run("verify", "file", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert answer["faults"][0]["file"] == "file"
    shell.fails("verify", "nowhere")
