"""The school's colour: known contrasts, every refused colour has a neighbour that is taken."""

import math
from pathlib import Path

import pytest

from portal.domain import colour


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#FFFFFF", "#FFFFFF", 1.0),
        ("#777777", "#FFFFFF", 4.48),  # the well-known grey that just fails AA
        ("#767676", "#FFFFFF", 4.54),  # and the one that just passes
        ("#FF0000", "#FFFFFF", 4.00),
        ("#0000FF", "#FFFFFF", 8.59),
        ("#FFF6FA", "#3C1843", 14.1),  # the figures of the look's table
        ("#FFC43D", "#2A1135", 10.7),
    ],
)
def test_contrast_is_that_of_the_formula(first, second, ratio):
    assert colour.contrast(first, second) == pytest.approx(ratio, abs=0.06)
    assert colour.contrast(second, first) == colour.contrast(first, second)


@pytest.mark.parametrize("text", ["#3C1843", "3c1843", " #3c1843 "])
def test_a_colour_is_read_as_people_write_it(text):
    assert colour.normal(text) == "#3C1843"


@pytest.mark.parametrize(
    "text", ["", "rood", "#3C184", "#3C18433", "red;}body{display:none", "#GGGGGG", "url(x)"]
)
def test_nothing_else_passes_for_a_colour(text):
    assert colour.normal(text) is None


def test_oklch_is_that_of_its_definition():
    lightness, chroma, hue = colour.to_oklch("#FF0000")
    assert (lightness, chroma) == (
        pytest.approx(0.628, abs=0.001),
        pytest.approx(0.2577, abs=0.001),
    )
    assert math.degrees(hue) == pytest.approx(29.23, abs=0.05)
    assert colour.to_oklch("#FFFFFF")[:2] == (
        pytest.approx(1, abs=1e-4),
        pytest.approx(0, abs=1e-4),
    )


def every_colour(step=51):
    values = range(0, 256, step)
    return [f"#{r:02X}{g:02X}{b:02X}" for r in values for g in values for b in values]


def test_what_is_taken_can_be_read_and_what_is_refused_gets_the_nearest():
    taken = 0
    for each in every_colour():
        judged = colour.judge(each)
        assert judged.accepted == (judged.on_ink >= 7 and judged.on_ground >= 4.5)
        taken += judged.accepted
        # The nearest is taken itself, and one shade lighter is not.
        again = colour.judge(judged.nearest)
        assert again.accepted
        if not judged.accepted:
            assert again.on_ink < 7.3, (each, judged.nearest)
    assert 0 < taken < len(every_colour())


def test_the_nearest_colour_keeps_its_hue():
    for each in ("#D62828", "#1D8F5A", "#3D7DFF", "#C77DFF"):
        before, after = colour.to_oklch(each)[2], colour.to_oklch(colour.judge(each).nearest)[2]
        assert abs(math.remainder(before - after, math.tau)) < 0.12, each


def test_dark_mode_has_one_lightness_and_little_chroma_and_text_stays_readable():
    for each in every_colour():
        lightness, chroma, _ = colour.to_oklch(colour.for_dark(each))
        assert lightness == pytest.approx(0.34, abs=0.01), each
        assert chroma <= 0.085, each
        assert colour.contrast(colour.INK, colour.for_dark(each)) >= 7, each
        assert colour.contrast(colour.done_in_dark(each), "#291A2F") >= 3, each


def test_the_colours_here_are_those_of_the_style_sheet():
    sheet = (Path(__file__).parents[2] / "static/css/reporter.css").read_text()
    assert f"--school-ink: {colour.INK}" in sheet
    assert f"--ground: {colour.GROUND}" in sheet
