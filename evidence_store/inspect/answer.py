"""The parent's verbs: `describe`, `make_preview` and `make_cleaned`.

Nothing here decodes; what the child sends is checked field by field, as if
the file itself had written it.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_store.errors import InspectError
from evidence_store.inspect import kinds
from evidence_store.inspect.sandbox import FileSource, Limits, ReadAt, run_child

DEFAULT_LIMIT = 1_000_000_000
"""Largest file accepted unless the caller says otherwise, in bytes (1 GB)."""

TOOL = "evidence_store.inspect"
VERSION = "1"

_MODULE = "evidence_store.inspect.child"
_BLOCK = 1 << 20
_PREVIEWS = frozenset({"none", "image", "video", "audio", "text", "timeline"})
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,100}")
_MARK = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"[a-z][a-z_]{0,39}")
_NUMBERS = frozenset({"width", "height", "duration_ms", "members"})
_TEXTS = frozenset(
    {
        "capture_time", "device", "mail_from", "mail_to", "mail_subject", "mail_date",
        "mail_message_id", "chat_exporter", "author",
    }
)  # fmt: skip
_LISTS = frozenset({"mail_hops", "member_names", "chat_participants"})
CLEANED_PX = 2000
"""Longest side of a cleaned picture, in pixels: text in a screenshot stays readable."""
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@dataclass(frozen=True)
class Derivative:
    """Something made from an original, never a replacement of it.

    Attributes:
        data: The bytes.
        media_type: "image/jpeg", or "text/plain; charset=utf-8".
        tool: What made it.
        version: Version of the tool and of the decoders behind it.
        likeness: Of an image's preview, 32 hexadecimal digits: few of their
            bits differ from those of a picture that looks alike. Else "".
    """

    data: bytes
    media_type: str
    tool: str
    version: str
    likeness: str = ""


def describe(
    source: ReadAt | str | os.PathLike[str],
    *,
    name: str,
    declared_type: str | None = None,
    sha256: str | None = None,
    limit: int | None = DEFAULT_LIMIT,
) -> dict[str, Any]:
    """Tell what a file really is, without running or expanding it.

    Args:
        source: A path, or anything with `size` and `read_at(offset, size)`.
        name: File name as given by the sender; may hold anything.
        declared_type: Media type as declared by the sender, if any.
        sha256: Hex digest if it is known already; saves reading the file.
        limit: Largest size accepted, in bytes; None for no limit.

    Returns:
        Exactly the keys sha256, size, type, declared_type, verdict, preview,
        warnings, facts (docs/commands.md). Times in facts are ISO 8601,
        `duration_ms` is in milliseconds, width and height in pixels.

    Raises:
        EvidenceStoreError: The source itself is damaged or unreadable.
    """
    declared = kinds.canonical(declared_type) if declared_type else kinds.by_name(name)
    with opened(source) as ranges:
        answer: dict[str, Any] = {
            "sha256": sha256 or _digest(ranges),
            "size": ranges.size,
            "type": "application/octet-stream",
            "declared_type": declared,
            "verdict": "accept",
            "preview": "none",
            "warnings": [],
            "facts": {},
        }
        refusal = _refusal(ranges.size, limit)
        if refusal:
            answer |= {"verdict": "refuse", "warnings": [refusal]}
            return answer
        answer |= _ask(ranges, name)
    answer["warnings"] += _name_warnings(answer["type"], name, declared)
    if kinds.is_program(answer["type"]) or kinds.extension(name) in kinds.PROGRAM_EXTENSIONS:
        answer["preview"] = "none"
        answer["warnings"].append("program")
    answer["warnings"] = sorted(set(answer["warnings"]))
    return answer


def make_preview(
    source: ReadAt | str | os.PathLike[str], *, media_type: str, max_px: int, blur: bool
) -> Derivative:
    """Re-encode a small picture (or plain text) that carries no metadata.

    Args:
        source: A path, or anything with `size` and `read_at(offset, size)`.
        media_type: The `type` that `describe` gave.
        max_px: Longest side of the picture, in pixels (16 to 4096).
        blur: Make only blotches of colour out of it, here on the server, so
            that nobody sees what they did not choose to see.

    Returns:
        A JPEG for images and videos (a poster frame); UTF-8 text of at most
        64 KiB for plain text, CSV, JSON and mail.

    Raises:
        InspectError: No preview can be made of this content.
        ValueError: `max_px` is out of range.
    """
    if not 16 <= max_px <= 4096:  # noqa: PLR2004 - the documented range
        msg = f"max_px {max_px} is not between 16 and 4096"
        raise ValueError(msg)
    job = {"op": "preview", "media_type": kinds.canonical(media_type), "max_px": max_px}
    return _made(source, {**job, "blur": blur})


def make_cleaned(
    source: ReadAt | str | os.PathLike[str],
    *,
    media_type: str,
    conceal: Sequence[str] = (),
    mark: str = "[melder]",
) -> Derivative:
    """Make a copy that can be read without learning what the file tells of its sender.

    A picture is encoded anew, without metadata; what can be seen in it stays. In a text or a chat
    export the names to conceal are replaced; of a mail the technical headers go.

    Args:
        source: A path, or anything with `size` and `read_at(offset, size)`.
        media_type: The `type` that `describe` gave.
        conceal: Names or addresses of the sender; a plain text has no copy without one.
        mark: What stands there instead.

    Returns:
        A JPEG of at most `CLEANED_PX`, or UTF-8 text.

    Raises:
        InspectError: No such copy can be made of this content.
    """
    job = {"op": "clean", "media_type": kinds.canonical(media_type), "max_px": CLEANED_PX}
    return _made(source, {**job, "conceal": list(conceal), "mark": mark})


def _made(source: ReadAt | str | os.PathLike[str], job: dict[str, Any]) -> Derivative:
    with opened(source) as ranges:
        outcome = run_child(_MODULE, job, ranges, Limits())
    text = outcome.result.get("text") is True
    if outcome.fault or not outcome.blob or not (text or outcome.blob[:3] == b"\xff\xd8\xff"):
        msg = f"no copy could be made ({outcome.fault or 'garbage'})"
        raise InspectError(msg)
    versions, mark = (clean_line(outcome.result.get(key)) for key in ("versions", "likeness"))
    return Derivative(
        data=outcome.blob.decode("utf-8", "replace").encode() if text else outcome.blob,
        media_type="text/plain; charset=utf-8" if text else "image/jpeg",
        tool=TOOL,
        version=f"{VERSION} ({versions})",
        likeness=mark if job["op"] == "preview" and _MARK.fullmatch(mark) else "",
    )


@contextmanager
def opened(source: ReadAt | str | os.PathLike[str]) -> Iterator[ReadAt]:
    """Open a path for reading by position, or take what can be read so already.

    Args:
        source: A path, or anything with `size` and `read_at(offset, size)`.

    Yields:
        The source of ranges.

    Raises:
        InspectError: The path cannot be read.
    """
    if not isinstance(source, str | os.PathLike):
        yield source
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(source).open("rb"))
        except OSError as error:
            raise InspectError(f"cannot read {Path(source).name}: {error.strerror}") from error
        yield FileSource(file, os.fstat(file.fileno()).st_size)


def _digest(source: ReadAt) -> str:
    digest = hashlib.sha256()
    for offset in range(0, source.size, _BLOCK):
        digest.update(source.read_at(offset, min(_BLOCK, source.size - offset)))
    return digest.hexdigest()


def _refusal(size: int, limit: int | None) -> str | None:
    if size == 0:
        return "empty"
    return "too_large" if limit is not None and size > limit else None


def _ask(source: ReadAt, name: str) -> dict[str, Any]:
    outcome = run_child(_MODULE, {"op": "describe", "name": name[-255:]}, source)
    told = outcome.result
    media_type, preview = told.get("type"), told.get("preview")
    warnings, facts = told.get("warnings", []), told.get("facts", {})
    sound = (
        isinstance(media_type, str)
        and _TYPE.fullmatch(media_type)
        and preview in _PREVIEWS
        and isinstance(warnings, list)
        and isinstance(facts, dict)
    )
    if not sound:
        return {"preview": "none", "warnings": ["inspect_failed"], "facts": {}}
    codes = [code for code in warnings if isinstance(code, str) and _CODE.fullmatch(code)]
    if outcome.fault:
        preview, codes = "none", [*codes, "inspect_failed"]
    return {
        "type": media_type,
        "preview": preview,
        "warnings": codes[:20],
        "facts": _checked_facts(facts),
    }


def _checked_facts(facts: dict[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, value in facts.items():
        number = key in _NUMBERS and type(value) is int and 0 <= value < 2**53
        if number or (key == "position" and isinstance(value, bool)):
            checked[key] = value
        elif key in _TEXTS and isinstance(value, str) and clean_line(value):
            checked[key] = clean_line(value)
        elif key in _LISTS and isinstance(value, list):
            checked[key] = [clean_line(entry) for entry in value[:30]]
    return checked


def clean_line(value: object) -> str:
    """Make one bounded line without control or direction characters.

    Args:
        value: Anything; what is no text gives an empty line.

    Returns:
        At most 600 characters.
    """
    text = value if isinstance(value, str) else ""
    kept = (c for c in text[:600] if unicodedata.category(c) not in {"Cc", "Cs"} and c not in _BIDI)
    return "".join(kept).strip()


def _name_warnings(media_type: str, name: str, declared: str | None) -> list[str]:
    found = []
    if any(kinds.mismatch(media_type, promise) for promise in (declared, kinds.by_name(name))):
        found.append("type_mismatch")
    hidden = any(unicodedata.category(c) in {"Cc", "Cs"} or c in _BIDI for c in name)
    double = kinds.by_name(name.rpartition(".")[0]) and (
        kinds.extension(name) in kinds.PROGRAM_EXTENSIONS
    )
    if hidden or double or re.search(r"[/\\]", name):
        found.append("name_suspect")
    return found
