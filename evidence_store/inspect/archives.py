"""The parent's verbs for a zip of which something must not be seen: list it, copy the rest."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from evidence_store.errors import InspectError
from evidence_store.inspect.answer import TOOL, VERSION, Derivative, clean_line, opened
from evidence_store.inspect.sandbox import Limits, ReadAt, run_child

ZIP = "application/zip"
MAX_REST = 64 << 20
"""Largest copy of the rest of a zip, in bytes."""
_MODULE = "evidence_store.inspect.members"
_SHOWN_NAMES = 20


@dataclass(frozen=True)
class Listed:
    """A member of a zip.

    Attributes:
        place: Its place in the zip's directory, from 0.
        name: As stored, one line of it.
        size: Bytes after unpacking, as declared.
    """

    place: int
    name: str
    size: int


@dataclass(frozen=True)
class Rest:
    """A zip that was made from another one without some of its members.

    Attributes:
        made: The zip.
        sha256: Its digest, hexadecimal.
        members: How many members it has.
        left_out: How many of the original it has not.
        names: The first of its names.
    """

    made: Derivative
    sha256: str
    members: int
    left_out: int
    names: list[str]


def list_members(source: ReadAt | str | os.PathLike[str]) -> list[Listed]:
    """List the members of a zip to choose from; nothing is unpacked.

    Args:
        source: A path, or anything with `size` and `read_at(offset, size)`.

    Returns:
        The first thousand; nothing of what is no readable zip.
    """
    with opened(source) as ranges:
        outcome = run_child(_MODULE, {"op": "list"}, ranges)
    try:
        rows = json.loads(outcome.blob) if not outcome.fault else []
        return [Listed(at, clean_line(name), int(size)) for at, (name, size) in enumerate(rows)]
    except (ValueError, TypeError):
        return []


def make_without(source: ReadAt | str | os.PathLike[str], drop: Sequence[int]) -> Rest:
    """Copy a zip without some of its members, which are neither unpacked nor read.

    The same content under another name is left out too, as is what shares bytes with it, what is
    encrypted, and what is packed in a way that is not read here.

    Args:
        source: A path, or anything with `size` and `read_at(offset, size)`.
        drop: Places in the directory, as `list_members` gives them.

    Returns:
        The rest, at most `MAX_REST` bytes.

    Raises:
        InspectError: Nothing is left, it is too large, or it is no readable zip.
    """
    job = {"op": "without", "drop": list(drop), "limit": MAX_REST}
    with opened(source) as ranges:
        outcome = run_child(_MODULE, job, ranges, Limits(output=MAX_REST + 1))
    kept, left_out = outcome.result.get("kept"), outcome.result.get("left_out")
    sound = isinstance(kept, int) and isinstance(left_out, int) and outcome.blob[:2] == b"PK"
    if outcome.fault or not sound:
        msg = f"no copy could be made ({outcome.fault or 'garbage'})"
        raise InspectError(msg)
    names = outcome.result.get("names")
    return Rest(
        made=Derivative(data=outcome.blob, media_type=ZIP, tool=TOOL, version=VERSION),
        sha256=hashlib.sha256(outcome.blob).hexdigest(),
        members=int(kept or 0),
        left_out=int(left_out or 0),
        names=[clean_line(one) for one in names[:_SHOWN_NAMES]] if isinstance(names, list) else [],
    )
