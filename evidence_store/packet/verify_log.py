"""The custody part of verifying: the checkpoint, and each event's place in its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evidence_store.canonical import parse_canonical
from evidence_store.custody import (
    HASH_SIZE,
    Checkpoint,
    commit,
    leaf_hash,
    parse_verifier_key,
    verify_checkpoint,
    verify_inclusion,
)
from evidence_store.errors import DamagedError
from evidence_store.packet.contents import CHECKPOINT, CUSTODY
from evidence_store.packet.faults import Fault, make_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = {"v", "index", "public", "salt", "sealed", "proof"}


@dataclass(frozen=True)
class _Line:
    index: int
    public: dict[str, Any]
    salt: bytes | None
    sealed: dict[str, Any] | None
    proof: list[bytes]


def check_log(
    checkpoint_text: bytes | None, key_text: str | None, custody: bytes | None
) -> list[Fault]:
    """Check the checkpoint and every disclosed event of a packet.

    Args:
        checkpoint_text: Content of ``checkpoint.txt``, or None if there is none.
        key_text: Verifier key from ``bag-info.txt``, or None.
        custody: Content of ``custody.jsonl``, or None.

    Returns:
        What is wrong. A file that is not there is reported elsewhere.
    """
    faults: list[Fault] = []
    checkpoint = None
    if checkpoint_text is not None:
        try:
            name, public = parse_verifier_key(key_text or "")
            checkpoint = verify_checkpoint(checkpoint_text.decode(), public, name)
        except (DamagedError, ValueError):
            faults.append(make_fault(CHECKPOINT, "bad_checkpoint"))
    if custody is not None:
        faults += _check_events(custody, checkpoint)
    return faults


def _check_events(custody: bytes, checkpoint: Checkpoint | None) -> Iterator[Fault]:
    earlier = -1
    for number, data in enumerate(custody.splitlines(keepends=True), 1):
        line = _parse(data)
        if line is None:
            yield make_fault(CUSTODY, "bad_custody_line", line=number)
            continue
        if line.index <= earlier:
            yield make_fault(CUSTODY, "duplicate_event", line=number)
        earlier = max(earlier, line.index)
        if line.salt is not None and commit(line.salt, line.sealed) != line.public.get("commit"):
            yield make_fault(CUSTODY, "changed_event", line=number)
        if checkpoint and not _is_proved(line, checkpoint):
            yield make_fault(CUSTODY, "bad_proof", line=number)


def _is_proved(line: _Line, checkpoint: Checkpoint) -> bool:
    leaf = leaf_hash(line.public)
    return verify_inclusion(leaf, line.index, checkpoint.size, line.proof, checkpoint.root)


def _parse(data: bytes) -> _Line | None:
    try:
        record = parse_canonical(data.removesuffix(b"\n"))
        salt = None if record["salt"] is None else bytes.fromhex(record["salt"])
        proof = [bytes.fromhex(value) for value in record["proof"]]
    except (ValueError, KeyError, TypeError):
        return None
    sealed, public, index = record["sealed"], record["public"], record["index"]
    sound = (
        data.endswith(b"\n")
        and record.keys() == _KEYS
        and record["v"] == 1
        and type(index) is int
        and isinstance(public, dict)
        and (sealed is None or (isinstance(sealed, dict) and salt is not None))
        and all(len(value) == HASH_SIZE for value in (*proof, *([] if salt is None else [salt])))
    )
    return _Line(index, public, salt, sealed, proof) if sound else None
