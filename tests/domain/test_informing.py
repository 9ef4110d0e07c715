"""Who of a family must, may and must not be told, and what speaks against telling."""

from __future__ import annotations

import pytest

from portal import data
from portal.domain.informing import duties, mentions, not_yet_told, sides_told, warnings
from portal.domain.people import AGE_BANDS, Person, Representative

MOTHER = Representative(key="m")
FATHER = Representative(key="f", authority="none")
HIDDEN = Representative(key="h", inform=False)
ALONE = Representative(key="a", authority="sole")
GUARDIAN = Representative(key="v", authority="guardian")


def pupil(band: str, *family: Representative) -> Person:
    return Person(key="p", part="subject", age_band=band, representatives=family)


@pytest.mark.parametrize(
    ("band", "one", "kind"),
    [
        ("12", MOTHER, "must"),
        ("13-15", ALONE, "must"),
        ("13-15", GUARDIAN, "must"),
        ("", MOTHER, "must"),
        ("13-15", FATHER, "may"),
        ("16-17", MOTHER, "may"),
        ("18+", MOTHER, "may"),
        ("12", HIDDEN, "must_not"),
        ("18+", HIDDEN, "must_not"),
    ],
)
def test_authority_age_and_danger_at_home_decide_who_is_told(band, one, kind):
    assert [duty.kind for duty in duties(pupil(band, one))] == [kind]


def test_a_telling_is_warned_against_when_it_crosses_to_the_other_family():
    told = {"own": ["Luna Kuil", "Ans Kuil"], "others": ["Sem de Boer", "Kees de Boer"]}
    found = warnings(pupil("12", MOTHER, HIDDEN), ["h"], "Sem kreeg straf.", **told)
    assert [one.key for one in found] == ["must_not", "other_side"]
    assert warnings(pupil("12", MOTHER), ["m"], "Luna praat morgen met de mentor.", **told) == ()


def test_a_name_that_both_families_bear_is_no_warning():
    assert not mentions("Familie Kuil is gebeld.", own=["Luna Kuil"], others=["Sem Kuil"])
    assert mentions("Het ging over SEM.", own=["Luna Kuil"], others=["Sém Kuil"])


def test_the_way_and_the_order_of_the_protocol_are_said():
    found = warnings(
        pupil("18+", MOTHER), ["m"], "Gebeld.", own=[], others=[], medium="written",
        wanted="phone", waits_for="Overleg met de leerling.",
    )  # fmt: skip
    assert [one.key for one in found] == ["adult", "medium", "gate"]
    assert "Overleg met de leerling." in found[-1].sentence


def test_what_an_age_changes_has_a_source_and_a_day():
    notes = data.age_notes()
    assert {band for one in notes for band in one.bands} == set(AGE_BANDS)
    for one in notes:
        assert one.source
        assert one.checked_on
    assert any("politie" in one.text for one in notes if "12" in one.bands)
    assert not any("belt de politie" in one.text for one in notes if "13-15" in one.bands)


@pytest.mark.parametrize(
    ("to", "sides"),
    [
        (["ouders"], {"subject", "accused"}),
        (["ouders-gepeste"], {"subject"}),
        (["ouders-gepeste", "ouders-pester"], {"subject", "accused"}),
        (["collegae", "schoolleiding"], set()),
    ],
)
def test_the_protocol_says_which_families_are_told(to, sides):
    assert sides_told(to) == sides


def test_both_parents_with_authority_are_told_and_nobody_who_must_not_know():
    other = Representative(key="n")
    family = pupil("12", MOTHER, other, FATHER, HIDDEN)
    assert not_yet_told(family, []) == ("m", "n")
    assert not_yet_told(family, ["m"]) == ("n",)
    assert not_yet_told(pupil("18+", MOTHER), []) == ("p",)
