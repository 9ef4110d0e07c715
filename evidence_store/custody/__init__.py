"""Append-only Merkle log of custody events (RFC 6962), signed checkpoints and proofs.

Everything that happens to evidence is an event in this log. A checkpoint that has left the
machine makes a later change of any event visible; an inclusion proof lets a packet show its
own events without showing those of another case. ``docs/formats.md`` describes the formats.
"""

from evidence_store.custody.checkpoint import (
    Checkpoint,
    parse_verifier_key,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)
from evidence_store.custody.log import (
    SALT_SIZE,
    CustodyLog,
    Event,
    FileLog,
    LogStore,
    commit,
    leaf_hash,
)
from evidence_store.custody.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    Frontier,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    inclusion_proofs,
    merkle_root,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "SALT_SIZE",
    "Checkpoint",
    "CustodyLog",
    "Event",
    "FileLog",
    "Frontier",
    "LogStore",
    "commit",
    "consistency_proof",
    "hash_leaf",
    "inclusion_proof",
    "inclusion_proofs",
    "leaf_hash",
    "merkle_root",
    "parse_verifier_key",
    "sign_checkpoint",
    "verifier_key",
    "verify_checkpoint",
    "verify_consistency",
    "verify_inclusion",
]
