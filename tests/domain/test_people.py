"""Whose word a gate waits for: each legal representative apart, and what an age changes."""

from __future__ import annotations

from datetime import date

import pytest

from portal import data, protocols
from portal.domain.people import AGE_BANDS, Person, Representative, asked, asks_of
from portal.domain.routing import find_gate

AGES = data.consent_ages()
MOTHER = Representative(key="m")
FATHER = Representative(key="f")


def who(protocol: str, gate: str, *people: Person) -> list[str]:
    found = find_gate(protocols.load(protocol), gate)
    assert found is not None
    return [one.person for one in asked(found, people, AGES)]


def pupil(band: str = "13-15", part: str = "subject", *others: Representative) -> Person:
    return Person(key="p", part=part, age_band=band, representatives=others or (MOTHER, FATHER))


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ("<12", ["m", "f"]),
        ("12", ["m", "f"]),
        ("13-15", ["m", "f"]),
        ("16-17", ["p", "m", "f"]),
        ("18+", ["p"]),
        ("", ["m", "f"]),
    ],
)
def test_an_age_changes_whose_consent_counts(band, expected):
    # borgen.txt 25-26
    assert who("borgen", "akkoord-ouders-stap-2", pupil(band)) == expected


def test_the_pupil_is_asked_apart():
    assert who("borgen", "akkoord-leerling-stap-2", pupil("18+")) == ["p"]
    assert who("borgen", "akkoord-leerling-stap-2", pupil("12")) == ["p"]


def test_who_has_no_authority_has_no_say_and_a_guardian_has():
    without = Representative(key="f", authority="none")
    guardian = Representative(key="v", authority="guardian")
    assert who("borgen", "akkoord-ouders-stap-2", pupil("12", "subject", MOTHER, without)) == ["m"]
    assert who("borgen", "akkoord-ouders-stap-2", pupil("12", "subject", guardian)) == ["v"]


def test_who_must_not_be_told_is_marked_and_not_left_out():
    gate = find_gate(protocols.load("borgen"), "akkoord-ouders-stap-2")
    hidden = Representative(key="f", inform=False)
    asks = asked(gate, [pupil("12", "subject", MOTHER, hidden)], AGES)
    assert [(one.person, one.withheld) for one in asks] == [("m", False), ("f", True)]


def test_a_gate_asks_its_own_side_only():
    # oostpoort.txt 656: the parents of the pupil it is reported about
    accused, subject = pupil(part="accused"), Person(key="q", part="subject")
    assert who("oostpoort", "toestemming-iot", subject, accused) == ["m", "f"]
    assert who("oostpoort", "toestemming-iot", subject) == []
    # handelingskaart.txt 82: the pupils, both sides
    assert who("handelingskaart", "samen-met-leerling", subject, accused) == ["q", "p"]


def test_gates_of_staff_wait_for_nobody_of_the_incident():
    found = asks_of(
        protocols.load("oostpoort"), "ondersteuningsteam", [pupil(part="accused")], AGES
    )
    assert set(found) == {"toestemming-iot"}


def test_every_age_has_a_rule_with_source_and_date():
    assert tuple(one.band for one in AGES) == AGE_BANDS
    assert all(one.source and date.fromisoformat(one.checked_on) for one in AGES)
