"""Canonical JSON (RFC 8785, JCS), so that one value has exactly one byte form to hash and sign.

Numbers are whole numbers within +-2**53 only: RFC 8785 writes numbers as IEEE doubles, and a
value that no double holds, or a fraction, has no place in a record that is hashed.
"""

import json
from collections.abc import Iterable
from typing import Any

from evidence_store.errors import EvidenceStoreError

MAX_INTEGER = 2**53
"""Largest magnitude of an integer that every JSON reader holds (RFC 8785 section 3.2.2.3)."""

# The standard library escapes exactly the set that RFC 8785 section 3.2.2.2 names. Asked without
# an encoder in between: one report that is sent has over a thousand texts.
_quote = json.encoder.encode_basestring


class CanonicalError(EvidenceStoreError, ValueError):
    """A value has no canonical form, or bytes are not in it."""


def canonical_json(obj: object) -> bytes:
    """Encode a value as canonical JSON.

    Args:
        obj: None, bool, int within +-2**53, str, or a list, tuple or dict with str keys of these.

    Returns:
        UTF-8 bytes after RFC 8785: no white space, keys sorted by UTF-16 code units.

    Raises:
        CanonicalError: for floats, larger integers, lone surrogates, keys that are not strings,
            and every other type.
    """
    try:
        return _text(obj).encode("utf-8")
    except UnicodeEncodeError as error:
        message = "text with a lone surrogate has no canonical form"
        raise CanonicalError(message) from error
    except RecursionError as error:
        message = "the value is nested too deeply"
        raise CanonicalError(message) from error


def parse_canonical(data: bytes) -> dict[str, Any]:
    """Read one canonical JSON object.

    Args:
        data: the exact bytes of one object, as `canonical_json` writes them.

    Returns:
        The object as a dict.

    Raises:
        CanonicalError: when the bytes are not JSON, not an object, repeat a key, or differ from
            the canonical form of what they say.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except CanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        message = "the record is not JSON"
        raise CanonicalError(message) from error
    if not isinstance(value, dict):
        message = "the record is not a JSON object"
        raise CanonicalError(message)
    if canonical_json(value) != data:
        message = "the record is not in canonical form"
        raise CanonicalError(message)
    return value


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            message = "the record repeats a key"
            raise CanonicalError(message)
        result[key] = value
    return result


def _text(obj: object) -> str:
    if isinstance(obj, str):
        return _quote(obj)
    if isinstance(obj, dict):
        return _object_text(obj)
    if obj is None or isinstance(obj, bool):
        return {None: "null", True: "true", False: "false"}[obj]
    if isinstance(obj, int):
        if abs(obj) > MAX_INTEGER:
            message = "an integer beyond 2**53 has no canonical form"
            raise CanonicalError(message)
        return int.__repr__(obj)
    if isinstance(obj, list | tuple):
        return "[" + ",".join([_text(item) for item in obj]) + "]"
    message = f"a value of type {type(obj).__name__} has no canonical form"
    raise CanonicalError(message)


def _object_text(obj: dict[Any, Any]) -> str:
    try:
        plain = all(map(str.isascii, obj))
    except TypeError as error:
        message = "a key that is not text has no canonical form"
        raise CanonicalError(message) from error
    keys = sorted(obj, key=None if plain else _utf_16)
    return "{" + ",".join([f"{_quote(key)}:{_text(obj[key])}" for key in keys]) + "}"


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
