"""Merkle tree, checkpoints and logs, against published vectors and by property."""

from __future__ import annotations

import base64
import hashlib
import multiprocessing
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import custody
from evidence_store.custody import Checkpoint, CustodyLog, Event, FileLog, Frontier
from evidence_store.errors import DamagedError
from tests.evidence_store import log_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Reference vectors of the Certificate Transparency project (RFC 6962 trees of 0 to 8 leaves).
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243",
        "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_PATH_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
CT_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
# Public verifier keys in use elsewhere, for the key id and the encoding.
KNOWN_KEYS = [
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
]
SALT = log_suite.SALT
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAME = "voorbeeldschool.example/log"

hash_lists = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def ct_hashes(size: int) -> list[bytes]:
    return [custody.hash_leaf(leaf) for leaf in CT_LEAVES[:size]]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = recursive_root(leaves[:split]), recursive_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(9))
def test_roots_equal_the_published_ones(size: int) -> None:
    assert custody.merkle_root(ct_hashes(size)).hex() == CT_ROOTS[size]


def test_proofs_equal_the_published_ones() -> None:
    assert [h.hex() for h in custody.inclusion_proof(ct_hashes(8), 0)] == CT_PATH_0_OF_8
    assert [h.hex() for h in custody.consistency_proof(ct_hashes(8), 6)] == CT_6_TO_8


@given(hash_lists)
def test_frontier_and_proofs_agree_with_the_definition(leaves: list[bytes]) -> None:
    root = recursive_root(leaves)
    assert custody.merkle_root(leaves) == root
    for index, proof in custody.inclusion_proofs(leaves, range(len(leaves))).items():
        assert custody.verify_inclusion(leaves[index], index, len(leaves), proof, root)


@given(hash_lists)
def test_a_stored_frontier_continues_where_it_was(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for leaf in leaves:
        frontier = Frontier.from_json(frontier.to_json())
        frontier.append(leaf)
    assert frontier.size == len(leaves)
    assert frontier.root() == recursive_root(leaves)


@given(hash_lists, st.data())
def test_every_earlier_tree_is_proved_consistent(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(0, len(leaves)))
    old_root, root = recursive_root(leaves[:old]), recursive_root(leaves)
    proof = custody.consistency_proof(leaves, old)
    assert custody.verify_consistency(old, old_root, len(leaves), root, proof)


@given(st.integers(2, 40), st.data())
def test_a_rewritten_past_is_not_consistent(size: int, data: st.DataObject) -> None:
    leaves = [custody.hash_leaf(bytes([n])) for n in range(size)]
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:changed], custody.hash_leaf(b"other"), *leaves[changed + 1 :]]
    proof = custody.consistency_proof(rewritten, old)
    assert not custody.verify_consistency(
        old, recursive_root(leaves[:old]), size, recursive_root(rewritten), proof
    )


@given(st.integers(1, 40), st.data())
def test_an_inclusion_proof_fits_one_leaf_place_size_and_root(
    size: int, data: st.DataObject
) -> None:
    leaves = [custody.hash_leaf(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof, root = custody.inclusion_proof(leaves, index), recursive_root(leaves)
    other = data.draw(st.integers(0, size + 3).filter(lambda n: n != index))
    wrong = custody.hash_leaf(b"wrong")
    assert not custody.verify_inclusion(wrong, index, size, proof, root)
    assert not custody.verify_inclusion(leaves[index], other, size, proof, root)
    assert not custody.verify_inclusion(leaves[index], index, size, proof, wrong)
    assert not custody.verify_inclusion(leaves[index], index, size, [*proof, wrong], root)
    for place in range(len(proof)):
        changed = [*proof[:place], wrong, *proof[place + 1 :]]
        assert not custody.verify_inclusion(leaves[index], index, size, changed, root)
        assert not custody.verify_inclusion(leaves[index], index, size, proof[:place], root)


def test_proofs_outside_the_log_are_refused() -> None:
    with pytest.raises(IndexError):
        custody.inclusion_proof(ct_hashes(4), 4)
    with pytest.raises(IndexError):
        custody.consistency_proof(ct_hashes(4), 5)
    assert not custody.verify_consistency(5, bytes(32), 4, bytes(32), [bytes(32)])
    assert not custody.verify_consistency(3, bytes(32), 8, bytes(32), [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"hashes":[],"size":1,"v":1}',
        '{"hashes":["00"],"size":1,"v":1}',
        '{"hashes":[],"size":-1,"v":1}',
        '{"hashes":[],"size":0,"v":2}',
        '{"hashes":[],"size":true,"v":1}',
        '{"hashes":7,"size":0,"v":1}',
        '{"hashes":[null],"size":1,"v":1}',
    ],
)
def test_a_damaged_stored_head_is_refused(text: str) -> None:
    with pytest.raises(DamagedError):
        Frontier.from_json(text)


def test_commit_and_leaf_are_hashes_of_canonical_json() -> None:
    sealed = {"who": "M. de Wit", "a": 1}
    expected = hashlib.sha256(SALT + b'{"a":1,"who":"M. de Wit"}').hexdigest()
    assert custody.commit(SALT, sealed) == expected
    assert custody.commit(SALT, None) == hashlib.sha256(SALT + b"null").hexdigest()
    public = {"v": 1, "kind": "evidence:opened", "commit": expected}
    line = f'{{"commit":"{expected}","kind":"evidence:opened","v":1}}'.encode()
    assert custody.leaf_hash(public) == hashlib.sha256(b"\x00" + line).digest()


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        custody.commit(b"short", None)


def test_an_event_writes_its_public_part_and_hides_the_rest() -> None:
    event = Event(
        "evidence:opened", "2026-11-20T10:00:00Z", {"case": "k3"}, SALT, {"who": "M. de Wit"}
    )
    assert event.public_part() == {
        "v": 1,
        "kind": "evidence:opened",
        "at": "2026-11-20T10:00:00Z",
        "case": "k3",
    }
    assert "Wit" not in repr(event)
    with pytest.raises(ValueError, match="name of the event"):
        Event("a:b", "2026-11-20T10:00:00Z", {"commit": "x"}, SALT).public_part()


@pytest.mark.parametrize("text", KNOWN_KEYS)
def test_verifier_keys_of_other_logs_are_read_and_written_alike(text: str) -> None:
    name, public = custody.parse_verifier_key(text)
    assert custody.verifier_key(name, public) == text


@pytest.mark.parametrize(
    "text", ["", "a+b+c", "a+00000000+AQ==", KNOWN_KEYS[0].replace("Peter", "peter")]
)
def test_a_damaged_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(DamagedError):
        custody.parse_verifier_key(text)


def test_a_checkpoint_is_the_plain_text_the_format_asks_for() -> None:
    root = custody.merkle_root(ct_hashes(3))
    text = custody.sign_checkpoint(Checkpoint(NAME, 3, root), KEY, NAME)
    lines = text.split("\n")
    assert lines[:4] == [NAME, "3", base64.b64encode(root).decode(), ""]
    mark, name, encoded = lines[4].split(" ")
    assert (mark, name, lines[5:]) == ("\u2014", NAME, [""])
    signature = base64.b64decode(encoded)
    key_id = hashlib.sha256(
        NAME.encode() + b"\n\x01" + KEY.public_key().public_bytes_raw()
    ).digest()[:4]
    assert signature[:4] == key_id
    KEY.public_key().verify(signature[4:], "\n".join(lines[:3]).encode() + b"\n")
    assert custody.verify_checkpoint(text, KEY.public_key(), NAME) == Checkpoint(NAME, 3, root)


def test_a_checkpoint_may_carry_the_signatures_of_witnesses() -> None:
    text = custody.sign_checkpoint(Checkpoint(NAME, 0, custody.EMPTY_ROOT), KEY, NAME)
    witness = "\u2014 getuige.example " + base64.b64encode(bytes(68)).decode() + "\n"
    assert custody.verify_checkpoint(text + witness, KEY.public_key(), NAME).size == 0


def test_any_changed_character_of_a_checkpoint_is_noticed() -> None:
    text = custody.sign_checkpoint(
        Checkpoint(NAME, 12, custody.merkle_root(ct_hashes(8))), KEY, NAME
    )
    for place, character in enumerate(text):
        other = "B" if character == "A" else "A"
        changed = text[:place] + other + text[place + 1 :]
        # The last base64 digits before "=" carry unused bits; a decoder that ignored them
        # would let two texts mean the same signature, which does no harm.
        if base64_equal(text, changed):
            continue
        with pytest.raises(DamagedError):
            custody.verify_checkpoint(changed, KEY.public_key(), NAME)


def base64_equal(one: str, other: str) -> bool:
    try:
        decoded = [
            base64.b64decode(text.split("\n")[4].split(" ")[2], validate=True)
            for text in (one, other)
        ]
    except (ValueError, IndexError):
        return False
    return one.split("\n")[:4] == other.split("\n")[:4] and decoded[0] == decoded[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [("=\n", "="), (NAME + "\n12", ""), ("12", "012"), (NAME + "\n", "\n" + NAME + "\n")],
)
def test_a_misshapen_checkpoint_is_refused(old: str, new: str) -> None:
    text = custody.sign_checkpoint(Checkpoint(NAME, 12, custody.EMPTY_ROOT), KEY, NAME)
    assert old in text
    with pytest.raises(DamagedError):
        custody.verify_checkpoint(text.replace(old, new), KEY.public_key(), NAME)


def test_a_checkpoint_by_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    text = custody.sign_checkpoint(Checkpoint(NAME, 1, bytes(32)), other, NAME)
    with pytest.raises(DamagedError):
        custody.verify_checkpoint(text, KEY.public_key(), NAME)


@pytest.mark.parametrize(
    ("origin", "name"), [("", NAME), ("two\nlines", NAME), (NAME, "a b"), (NAME, "a+b")]
)
def test_what_cannot_stand_in_a_note_is_not_signed(origin: str, name: str) -> None:
    with pytest.raises(ValueError, match="one-line origin"):
        custody.sign_checkpoint(Checkpoint(origin, 1, bytes(32)), KEY, name)


@pytest.mark.parametrize("check", log_suite.ALL, ids=lambda check: check.__name__)
def test_file_log_keeps_the_contract(
    check: Callable[[log_suite.Opened], None], tmp_path: Path
) -> None:
    @contextmanager
    def opened() -> Iterator[FileLog]:
        yield FileLog(tmp_path / "log.jsonl")

    check(opened)


def test_a_commitment_is_never_taken_from_outside(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="made by the log"):
        CustodyLog(FileLog(tmp_path / "log")).append({"commit": "x"}, salt=SALT, sealed=None)


def test_checkpoint_of_a_log_describes_its_head(tmp_path: Path) -> None:
    store = FileLog(tmp_path / "log")
    index = CustodyLog(store).record(Event("a:b", "2026-11-20T10:00:00Z", {}, SALT, {"x": 1}))
    assert index == 0
    assert CustodyLog(store).checkpoint(NAME) == Checkpoint(
        NAME, 1, custody.merkle_root(store.leaves())
    )


@given(torn=st.binary(max_size=40).filter(lambda data: b"\n" not in data))
def test_a_torn_last_line_is_dropped_and_the_log_goes_on(
    torn: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    log_suite.write(FileLog(path), range(2))
    with path.open("ab") as file:
        file.write(torn)
    assert FileLog(path).head().size == 2
    assert log_suite.write(FileLog(path), range(2, 4)) == [2, 3]
    assert list(FileLog(path).leaves()) == log_suite.expected_leaves(4)


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log_suite.write(FileLog(path), range(3))
    data = path.read_bytes()
    path.write_bytes(data[:40] + b"\xff" + data[41:])
    with pytest.raises(DamagedError, match=r"log\.jsonl"):
        FileLog(path)


def test_an_event_whose_sync_failed_is_not_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileLog(tmp_path / "log.jsonl")
    log_suite.write(store, range(2))

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            log_suite.write(store, range(2, 3))
    assert list(FileLog(tmp_path / "log.jsonl").leaves()) == log_suite.expected_leaves(2)
    assert log_suite.write(store, range(2, 3)) == [2]


def _append_many(path: Path, results: multiprocessing.Queue[int]) -> None:
    done = 0
    while done < 20:
        try:
            log_suite.write(FileLog(path), range(1))
            done += 1
        except DamagedError:
            continue
    results.put(done)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    results: multiprocessing.Queue[int] = multiprocessing.Queue()
    writers = [multiprocessing.Process(target=_append_many, args=(path, results)) for _ in range(3)]
    for writer in writers:
        writer.start()
    assert sum(results.get(timeout=60) for _ in writers) == 60
    for writer in writers:
        writer.join()
    assert FileLog(path).head().size == 60
