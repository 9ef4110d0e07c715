"""Words of danger in seven ways of writing: how many are found, and how often too many."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

import pytest

from portal import data
from portal.domain.danger import KINDS, normalise

SENTENCES = Path(__file__).parent.parent / "vectors" / "danger"
GROUPS = ("nl", "straat", "en", "tr", "ar", "pl", "uk")
LEAST_RECALL = 0.9
"""Of the sentences that call for help, so many must be found, in every group."""
MOST_FALSE = 0.15
"""Of the harmless ones, so many may be found: a hit adds help lines and blocks nothing."""


@cache
def sentences(group: str) -> tuple[tuple[str, str], ...]:
    """Kind, or a dash for harmless, and sentence."""
    lines = (SENTENCES / f"{group}.txt").read_text("utf-8").splitlines()
    split = [line.partition("|") for line in lines if line and not line.startswith("#")]
    return tuple((kind.strip(), text.strip()) for kind, _, text in split)


def found(text: str) -> frozenset[str]:
    return data.danger_words().find([text])


@pytest.mark.parametrize("group", GROUPS)
def test_sentences_that_call_for_help_are_found_and_few_others(group, capsys):
    calls = [(kind, text) for kind, text in sentences(group) if kind != "-"]
    others = [text for kind, text in sentences(group) if kind == "-"]
    assert {kind for kind, _ in calls} == set(KINDS)
    assert len(calls) + len(others) >= 60
    missed = [text for kind, text in calls if not found(text)]
    of_kind = [text for kind, text in calls if kind not in found(text)]
    alarms = [text for text in others if found(text)]
    recall, false = 1 - len(missed) / len(calls), len(alarms) / len(others)
    with capsys.disabled():
        print(
            f"\n{group:>7}: recall {recall:.0%} of {len(calls)}, of the very kind "
            f"{1 - len(of_kind) / len(calls):.0%}, false alarms {false:.0%} of {len(others)}"
        )
    assert recall >= LEAST_RECALL, missed
    assert 1 - len(of_kind) / len(calls) >= LEAST_RECALL, of_kind
    assert false <= MOST_FALSE, alarms


@pytest.mark.parametrize("group", GROUPS)
def test_a_slip_of_the_finger_loses_few(group):
    """Two letters change places in the longest word of each sentence."""
    calls = [text for kind, text in sentences(group) if kind != "-" and found(text)]
    slipped = {text: _slip(text) for text in calls}
    missed = [new for new in slipped.values() if not found(new)]
    # Short words must be written as listed: a change there makes another word too often.
    assert len(missed) / len(calls) <= 0.5, missed


def _slip(text: str) -> str:
    longest = max(text.split(), key=len)
    middle = len(longest) // 2
    new = (
        longest[:middle]
        + longest[middle + 1 : middle + 2]
        + longest[middle]
        + longest[middle + 2 :]
    )
    return text.replace(longest, new)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zelfmoooord", "zelfmord"),
        ("d00d", "dood"),
        ("أَمُوت", "اموت"),
        ("إنتحار", "انتحار"),
        ("مـــوت", "موت"),
        ("الحياة", "الحياه"),
        ("ИНТИМНЫЕ", "интимние"),
        ("вб’є", "вбє"),
        ("İNTİHAR", "intihar"),
        ("ISIRMAK", "ısırmak"),
        ("żyć", "zyc"),
        ("łóżko", "lozko"),
        ("zelf\u200bmoord", "zelfmoord"),
    ],
)
def test_ways_to_write_the_same_come_together(one, other):
    assert normalise(one) == normalise(other)


def test_words_of_one_text_never_meet_those_of_another():
    assert data.danger_words().find(["ik wil", "dood aan saaie lessen"]) == frozenset()
    assert data.danger_words().find(["ik wil dood"]) == {"suicide"}


def test_harmless_words_do_not_hide_others_in_the_same_text():
    assert found("ik ga dood van het lachen, maar 's avonds wil ik dood") == {"suicide"}
    assert found("killing it in the game, he has a knife") == {"danger"}


LONG = {
    "story": "Ik wil echt niet dat ze het weten en ze wachten elke dag bij de fietsen op mij. ",
    "first words": "ik wil er niet ",
    "one letter": "a",
    "almost": "zelfmoor zelmoord verkrach ",
    "marks": "ا\u064e\u064f\u0650",
    "stars": "*'* ",
    "figures": "z3lfm00r ",
    "one word": "ab",
}


@pytest.mark.parametrize("name", sorted(LONG))
def test_the_time_grows_no_faster_than_the_text(name):
    unit = LONG[name]
    data.danger_words()
    short, long = (unit * (size // len(unit) + 1) for size in (5_000, 50_000))
    quick, slow = (min(_seconds(text) for _ in range(3)) for text in (short, long[:50_000]))
    # Ten times the text: the square of that would be a hundred times.
    assert slow <= 40 * quick + 0.05


def _seconds(text: str) -> float:
    start = time.perf_counter()
    found(text)
    return time.perf_counter() - start
