"""Merkle tree of RFC 6962 section 2.1: root, frontier, inclusion and consistency proofs.

A leaf enters these functions already hashed, SHA-256(0x00 || data); an inner node is
SHA-256(0x01 || left || right). All hashes are raw 32-byte strings.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evidence_store.canonical import canonical_json, parse_canonical
from evidence_store.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_SIZE = 32
"""Bytes in a SHA-256 digest."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962 section 2.1)."""

_HEX_HASH = re.compile(r"[0-9a-f]{64}")


def hash_leaf(data: bytes) -> bytes:
    """Hash the content of one leaf.

    Args:
        data: The leaf's bytes, any length.

    Returns:
        SHA-256(0x00 || data), 32 bytes (RFC 6962 section 2.1).
    """
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The right edge of a tree: enough to append and to compute the root, in O(log n).

    Attributes:
        size: Number of leaves in the tree.
        hashes: Roots of the perfect subtrees, largest first, one for each 1 bit of ``size``.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf at the right.

        Args:
            leaf: Leaf hash, 32 bytes.
        """
        carry, size = leaf, self.size
        while size & 1:
            carry = _node(self.hashes.pop(), carry)
            size >>= 1
        self.hashes.append(carry)
        self.size += 1

    def root(self) -> bytes:
        """Compute the root of the whole tree.

        Returns:
            32 bytes; the hash of nothing for an empty tree.
        """
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = _node(left, root)
        return root

    def copy(self) -> Frontier:
        """Copy the frontier, so that appending to the copy leaves this one alone.

        Returns:
            A frontier with the same leaves.
        """
        return Frontier(self.size, list(self.hashes))

    def to_json(self) -> str:
        """Write the frontier down for storage beside the log.

        Returns:
            Canonical JSON ``{"hashes": [hex, …], "size": n, "v": 1}``.
        """
        hashes = [value.hex() for value in self.hashes]
        return canonical_json({"v": 1, "size": self.size, "hashes": hashes}).decode()

    @classmethod
    def from_json(cls, text: str) -> Frontier:
        """Read a frontier back.

        Args:
            text: What ``to_json`` returned.

        Returns:
            The same frontier.

        Raises:
            DamagedError: The text is anything else.
        """
        try:
            stored = parse_canonical(text.encode())
            version, size, hashes = stored["v"], stored["size"], stored["hashes"]
            whole = (
                version == 1
                and type(size) is int
                and size >= 0
                and len(hashes) == size.bit_count()
                and all(_HEX_HASH.fullmatch(value) for value in hashes)
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedError("The stored head of the custody log cannot be read.") from error
        if not whole:
            raise DamagedError("The stored head of the custody log is not a Merkle frontier.")
        return cls(size, [bytes.fromhex(value) for value in hashes])


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Compute the root over leaf hashes, in one pass and O(log n) memory.

    Args:
        leaves: Leaf hashes in order, 32 bytes each.

    Returns:
        Merkle Tree Hash of RFC 6962 section 2.1, 32 bytes.
    """
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proofs(leaves: Iterable[bytes], indices: Iterable[int]) -> dict[int, list[bytes]]:
    """Prove several leaves in one pass over the tree.

    Args:
        leaves: All leaf hashes of the tree in order, 32 bytes each.
        indices: Positions to prove, counted from 0.

    Returns:
        For each index its audit path (RFC 6962 section 2.1.1), lowest sibling first.

    Raises:
        IndexError: An index lies outside the tree.
    """
    level = list(leaves)
    places = {index: index for index in indices}
    if any(not 0 <= index < len(level) for index in places):
        raise IndexError("There is no such event in this log.")
    proofs: dict[int, list[bytes]] = {index: [] for index in places}
    while len(level) > 1:
        for index, place in places.items():
            # A node without a sibling moves up unchanged and adds nothing to the path.
            if place ^ 1 < len(level):
                proofs[index].append(level[place ^ 1])
            places[index] = place >> 1
        level = [
            _node(*level[i : i + 2]) if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
    return proofs


def inclusion_proof(leaves: Iterable[bytes], index: int) -> list[bytes]:
    """Prove that one leaf is in the tree.

    Args:
        leaves: All leaf hashes of the tree in order, 32 bytes each.
        index: Position of the leaf, counted from 0.

    Returns:
        Audit path (RFC 6962 section 2.1.1), lowest sibling first.

    Raises:
        IndexError: The index lies outside the tree.
    """
    return inclusion_proofs(leaves, [index])[index]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Check an audit path (RFC 9162 section 2.1.3.2; the same tree as RFC 6962).

    Args:
        leaf: Leaf hash, 32 bytes.
        index: Claimed position, counted from 0.
        size: Number of leaves of the tree.
        proof: Sibling hashes, lowest first.
        root: Root of the tree, 32 bytes.

    Returns:
        Whether the leaf stands at that position of the tree with this size and root.
    """
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = _node(sibling, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = _node(value, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def _largest_split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Prove that the tree only grew since it had ``old_size`` leaves.

    Args:
        leaves: All leaf hashes of the present tree in order, 32 bytes each.
        old_size: Number of leaves of the earlier tree.

    Returns:
        Consistency proof (RFC 6962 section 2.1.2); empty for an empty or an equal tree.

    Raises:
        IndexError: The earlier tree would be larger than the present one.
    """
    if not 0 <= old_size <= len(leaves):
        raise IndexError("The earlier log cannot be longer than the present one.")
    proof: list[bytes] = []
    start, end, old, whole = 0, len(leaves), old_size, True
    # RFC 6962 defines this recursively (SUBPROOF); the path down is followed here in a loop.
    while 0 < old < end - start:
        split = _largest_split(end - start)
        if old <= split:
            proof.append(merkle_root(leaves[start + split : end]))
            end = start + split
        else:
            proof.append(merkle_root(leaves[start : start + split]))
            start, old, whole = start + split, old - split, False
    if not whole:
        proof.append(merkle_root(leaves[start:end]))
    return proof[::-1]


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Check a consistency proof (RFC 9162 section 2.1.4.2).

    Args:
        old_size: Number of leaves of the earlier tree.
        old_root: Root of the earlier tree, 32 bytes.
        size: Number of leaves of the later tree.
        root: Root of the later tree, 32 bytes.
        proof: What ``consistency_proof`` returned.

    Returns:
        Whether the later tree begins with the leaves of the earlier one.
    """
    if old_size in (0, size):
        expected = EMPTY_ROOT if old_size == 0 else root
        return not proof and old_root == expected
    if not 0 < old_size < size:
        return False
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    return bool(path) and _walk_consistency(old_size, size, path) == (old_root, root)


def _walk_consistency(
    old_size: int, size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_value = value = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old_value, value = _node(sibling, old_value), _node(sibling, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = _node(value, sibling)
        place, last = place >> 1, last >> 1
    return (old_value, value) if last == 0 else None
