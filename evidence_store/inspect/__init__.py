"""What is it really: type, facts and safe derivatives, by a sandboxed child."""

from evidence_store.errors import InspectError
from evidence_store.inspect.answer import (
    DEFAULT_LIMIT,
    Derivative,
    describe,
    make_cleaned,
    make_preview,
)
from evidence_store.inspect.archives import Listed, Rest, list_members, make_without
from evidence_store.inspect.sandbox import sandbox_status

__all__ = [
    "DEFAULT_LIMIT",
    "Derivative",
    "InspectError",
    "Listed",
    "Rest",
    "describe",
    "list_members",
    "make_cleaned",
    "make_preview",
    "make_without",
    "sandbox_status",
]
