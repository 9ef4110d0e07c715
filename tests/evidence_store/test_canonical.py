"""Canonical JSON: one byte form for one value, and nothing else accepted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store.canonical import CanonicalError, canonical_json, parse_canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
VALUES = st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(TEXT, v), max_leaves=20)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # The sorting example of RFC 8785 section 3.2.3: by UTF-16 code units, not code points.
        (
            {
                "€": "Euro Sign",
                "\r": "Carriage Return",
                "\ufb33": "Hebrew Letter Dalet With Dagesh",
                "1": "One",
                "\U0001f600": "Emoji: Grinning Face",
                "\u0080": "Control",
                "ö": "Latin Small Letter O With Diaeresis",
            },
            (
                '{"\\r":"Carriage Return","1":"One","\u0080":"Control",'
                '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",'
                '"\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
            ),
        ),
        # The strings of RFC 8785 section 3.2.2.2.
        ('€$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\b\t\f\x7f\u2028", '"\\b\\t\\f\x7f\u2028"'),
        ([None, True, False, 0, -1, 2**53], "[null,true,false,0,-1,9007199254740992]"),
        ((1, (2,)), "[1,[2]]"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_known_forms(value: object, expected: str) -> None:
    assert canonical_json(value) == expected.encode()


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53 + 1, -(2**53) - 1, "\ud800", {"\udfff": 1}, {1: 2}, {None: 1}]
    + [b"bytes", {1, 2}, object(), [0.5], {"a": {"b": 1.5}}],
)
def test_values_without_a_canonical_form(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical_json(value)


def test_endless_nesting_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CanonicalError):
        canonical_json(value)
    with pytest.raises(CanonicalError):
        parse_canonical(b'{"a":' * 100_000)


@given(st.dictionaries(TEXT, VALUES))
def test_round_trip(value: dict[str, Any]) -> None:
    data = canonical_json(value)
    assert parse_canonical(data) == value
    assert json.loads(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"text"',
        b'{"a":1} ',
        b'{ "a":1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        parse_canonical(data)
