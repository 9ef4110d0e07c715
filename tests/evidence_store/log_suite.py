"""What every place that keeps a custody log must do, whatever it is made of.

Parametrise a test over ``ALL`` and call each check with ``opened``: a context manager that
yields the same log each time, empty at first; leaving it normally makes what was appended
durable (a file log does so at once, a database log by committing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evidence_store.canonical import canonical_json
from evidence_store.custody import CustodyLog, Frontier, LogStore, commit, leaf_hash, merkle_root
from evidence_store.errors import EvidenceStoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Opened = Callable[[], AbstractContextManager[LogStore]]

SALT = bytes(range(32))


def public(number: int) -> dict[str, object]:
    """The public part of an invented event."""
    return {"v": 1, "kind": "evidence:opened", "at": "2026-11-20T10:00:00Z", "number": number}


def write(store: LogStore, numbers: range) -> list[int]:
    """Append one invented event per number."""
    return [CustodyLog(store).append(public(n), salt=SALT, sealed={"number": n}) for n in numbers]


def expected_leaves(count: int) -> list[bytes]:
    """The leaves that ``write(store, range(count))`` must give."""
    return [leaf_hash({**public(n), "commit": commit(SALT, {"number": n})}) for n in range(count)]


def starts_empty(opened: Opened) -> None:
    """A new log has no events and the head of the empty tree."""
    with opened() as store:
        assert store.head() == Frontier()
        assert list(store.leaves()) == []


def keeps_events_in_order(opened: Opened) -> None:
    """Positions count from 0, leaves keep their order, the head covers all of them."""
    with opened() as store:
        assert write(store, range(11)) == list(range(11))
        assert list(store.leaves()) == expected_leaves(11)
        assert store.head().size == 11
        assert store.head().root() == merkle_root(expected_leaves(11))


def survives_reopening(opened: Opened) -> None:
    """What was appended is there for whoever opens the log next, and grows from there."""
    for start in (0, 3, 6):
        with opened() as store:
            assert write(store, range(start, start + 3)) == [start, start + 1, start + 2]
    with opened() as store:
        assert list(store.leaves()) == expected_leaves(9)
        assert store.head().root() == merkle_root(expected_leaves(9))


def hands_out_copies_of_its_head(opened: Opened) -> None:
    """Changing the head one was given changes nothing in the log."""
    with opened() as store:
        write(store, range(2))
        store.head().append(b"\x01" * 32)
        assert store.head().root() == merkle_root(expected_leaves(2))


def refuses_a_head_that_does_not_follow(opened: Opened) -> None:
    """A second writer who computed from an older head is refused, and nothing is written."""
    record = canonical_json({**public(9), "commit": commit(SALT, None)})
    leaf = leaf_hash({**public(9), "commit": commit(SALT, None)})
    stale = Frontier()
    stale.append(leaf)
    with opened() as store:
        write(store, range(2))
    with opened() as store, pytest.raises(EvidenceStoreError):
        store.append(record, leaf, stale)
    with opened() as store:
        assert list(store.leaves()) == expected_leaves(2)
        assert store.head().root() == merkle_root(expected_leaves(2))


ALL = (
    starts_empty,
    keeps_events_in_order,
    survives_reopening,
    hands_out_copies_of_its_head,
    refuses_a_head_that_does_not_follow,
)
