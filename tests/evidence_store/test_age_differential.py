"""Both ways against two other implementations: Debian's `age` (Go) and pyrage (Rust)."""

import contextlib
import os
import pty
import subprocess
from pathlib import Path

import pyrage
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence_store import AgeError, age

CHUNK = age.CHUNK_SIZE
BORDERS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5_000_000]
IDENTITY = age.Identity.from_secret(b"\x08" * 32)
RUST_IDENTITY = pyrage.x25519.Identity.from_str(str(IDENTITY))
SAMPLE = os.urandom(max(BORDERS))
SIZES = st.sampled_from(BORDERS[:-1]) | st.integers(0, 3 * CHUNK)


def age_tool(arguments: list[str], data: bytes) -> bytes:
    done = subprocess.run(["age", *arguments], input=data, capture_output=True, check=True)
    return done.stdout


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key.txt"
    path.write_text(f"# recipient: {IDENTITY.recipient}\n{IDENTITY}\n")
    return str(path)


@pytest.mark.parametrize("size", BORDERS)
def test_age_reads_ours(size: int, key_file: str) -> None:
    data = age.encrypt(SAMPLE[:size], [age.Identity.generate().recipient, IDENTITY.recipient])
    assert age_tool(["-d", "-i", key_file], data) == SAMPLE[:size]
    assert age_tool(["-d", "-i", key_file], age.armor(data)) == SAMPLE[:size]


@pytest.mark.parametrize("size", BORDERS)
def test_we_read_ages(size: int) -> None:
    to = ["-r", str(age.Identity.generate().recipient), "-r", str(IDENTITY.recipient)]
    assert age.decrypt(age_tool(to, SAMPLE[:size]), [IDENTITY]) == SAMPLE[:size]
    armored = age_tool([*to, "-a"], SAMPLE[:size])
    assert age.decrypt(age.dearmor(armored), [IDENTITY]) == SAMPLE[:size]


def test_age_keygen_reads_our_keys_and_we_read_its(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text(f"{IDENTITY}\n")
    public = subprocess.run(["age-keygen", "-y", path], capture_output=True, check=True).stdout
    assert public.decode().strip() == str(IDENTITY.recipient)
    made = subprocess.run(["age-keygen"], capture_output=True, check=True).stdout.decode()
    (identity,) = age.parse_identities(made)
    assert str(identity.recipient) in made


@given(SIZES)
@example(5_000_000)
def test_rust_reads_ours(size: int) -> None:
    data = age.encrypt(SAMPLE[:size], [IDENTITY.recipient])
    assert pyrage.decrypt(data, [RUST_IDENTITY]) == SAMPLE[:size]


@given(SIZES)
@example(5_000_000)
def test_we_read_rusts(size: int) -> None:
    data = pyrage.encrypt(SAMPLE[:size], [RUST_IDENTITY.to_public()])
    assert age.decrypt(data, [IDENTITY]) == SAMPLE[:size]


@given(st.binary(max_size=2000), st.data())
def test_rust_and_we_refuse_the_same_damage(plaintext: bytes, draw: st.DataObject) -> None:
    data = bytearray(age.encrypt(plaintext, [IDENTITY.recipient]))
    data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(bytes(data), [RUST_IDENTITY])
    with pytest.raises(AgeError):
        age.decrypt(bytes(data), [IDENTITY])


def test_passphrases_against_rust() -> None:
    ours = age.encrypt(SAMPLE[:1000], [age.ScryptRecipient("zeven woorden", work_factor=12)])
    assert pyrage.passphrase.decrypt(ours, "zeven woorden") == SAMPLE[:1000]
    theirs = pyrage.passphrase.encrypt(SAMPLE[:1000], "zeven woorden")
    # That library picks the work factor by the speed of the machine.
    identity = age.ScryptIdentity("zeven woorden", max_work_factor=22)
    assert age.decrypt(theirs, [identity]) == SAMPLE[:1000]


def on_a_terminal(arguments: list[str], passphrase: str, asked: int) -> int:
    """Run `age` where it asks for a passphrase, and answer as often as it asks."""
    terminal, other = pty.openpty()
    # Only a process that leads its session can have a terminal of its own to ask on.
    command = ["setsid", "--ctty", "--wait", "age", *arguments]
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other)
    os.close(other)
    with contextlib.suppress(OSError):  # how a terminal says that the other side has gone
        for _ in range(asked):
            while b":" not in os.read(terminal, 1000):
                pass
            os.write(terminal, passphrase.encode() + b"\n")
        while os.read(terminal, 1000):
            pass
    os.close(terminal)
    return process.wait()


def test_passphrases_against_age(tmp_path: Path) -> None:
    ours, plain, theirs = tmp_path / "ours.age", tmp_path / "plain", tmp_path / "theirs.age"
    recipient = age.ScryptRecipient("zeven woorden", work_factor=12)
    ours.write_bytes(age.encrypt(SAMPLE[:1000], [recipient]))
    assert on_a_terminal(["-d", "-o", str(plain), str(ours)], "zeven woorden", asked=1) == 0
    assert plain.read_bytes() == SAMPLE[:1000]
    assert on_a_terminal(["-p", "-o", str(theirs), str(plain)], "zeven woorden", asked=2) == 0
    assert age.decrypt(theirs.read_bytes(), [age.ScryptIdentity("zeven woorden")]) == SAMPLE[:1000]
