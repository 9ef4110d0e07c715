"""Places where a store keeps its objects; `base.Backend` is the contract."""

from evidence_store.backends.base import Backend, OpenPart, PartWriter, ReadAt
from evidence_store.backends.local import LocalBackend
from evidence_store.backends.memory import MemoryBackend

__all__ = ["Backend", "LocalBackend", "MemoryBackend", "OpenPart", "PartWriter", "ReadAt"]
