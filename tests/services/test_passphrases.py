"""Passphrases and printed codes: what is refused, what is forgiven."""

import pytest

from portal.services import passphrases, printed_codes
from portal.services.errors import InvalidInputError


@pytest.mark.parametrize(
    ("phrase", "problem"),
    [
        ("te kort", "too_short"),
        ("elf tekens!", "too_short"),
        ("x" * 201, "too_long"),
        ("aaaaaaaaaaaaaaaa", "common"),
        ("123456789012", "common"),
        ("welkom123456", "common"),
        ("Wachtwoord2026!", "common"),
        ("Lindecollege2026", "common"),
        ("Welkom Lindecollege Utrecht", "common"),
        ("MarijkeBakker1234", "common"),
        ("qwertyuiop12345", "common"),
        ("Zomer2026!Zomer2026!", "common"),
    ],
)
def test_weak_passphrases_are_refused(phrase, problem):
    with pytest.raises(InvalidInputError) as refused:
        passphrases.check(phrase, known=["Lindecollege", "Utrecht", "bak", "Marijke Bakker"])
    assert refused.value.problem == problem


@pytest.mark.parametrize(
    "phrase",
    [
        "zeven gele bootjes varen uit",
        "correct paard batterij nietje",
        "twaalf tekens",
        "漢字でも大丈夫ですよ、長いから",
        "kq8Vz!mwp3Lr",
        " spaties blijven staan ",
        "x7" * 3 + "y" * 50 + "abq" + "zuvw" * 30,
    ],
)
def test_honest_passphrases_are_taken_as_they_are(phrase):
    assert passphrases.check(phrase, known=["Lindecollege", "Bak"]) == phrase


def test_accents_typed_in_two_ways_are_one_passphrase():
    assert passphrases.prepare("cafe\u0301 met terras") == passphrases.prepare("café met terras")


def test_printed_codes_forgive_what_people_mix_up():
    code = printed_codes.mint(printed_codes.RECOVERY_LENGTH)
    typed = printed_codes.shown(code).lower().replace("0", "o").replace("1", "l")
    assert printed_codes.normalise(f"  {typed} ", printed_codes.RECOVERY_LENGTH) == code
    assert printed_codes.normalise(code[:-1], printed_codes.RECOVERY_LENGTH) is None
    assert printed_codes.normalise("é" * 28, printed_codes.RECOVERY_LENGTH) is None
