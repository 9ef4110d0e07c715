"""The one colour that a school chooses: contrast after WCAG 2.2, and its value for dark mode.

OKLCH after Björn Ottosson's definition of OKLab: lightness as the eye sees it, so that a colour can
be made darker and stay itself.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

INK, GROUND = "#FFF6FA", "#F3ECF2"
"""What is written on the school's colour, and the page around it (`static/css/reporter.css`)."""
INK_CONTRAST, GROUND_CONTRAST = 7.0, 4.5
DARK_LIGHTNESS, DARK_CHROMA = 0.34, 0.08
DONE_LIGHTNESS, DONE_CHROMA = 0.70, 0.10
HEX = re.compile(r"#?([0-9a-fA-F]{6})")
HALVINGS = 24
ROUNDING = 1e-4

Triple = tuple[float, float, float]
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_CONES = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a colour: taken, or the nearest one that can be read instead."""

    colour: str
    on_ink: float
    on_ground: float
    nearest: str

    @property
    def accepted(self) -> bool:
        """Whether text on it, and it on the page, can be read."""
        return self.nearest == self.colour


def normal(text: str) -> str | None:
    """Write a colour as ``#RRGGBB``; None for anything else."""
    found = HEX.fullmatch(text.strip())
    return f"#{found[1].upper()}" if found else None


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def judge(colour: str) -> Judgement:
    """Measure a colour (``#RRGGBB``); a refused one gets the lightest of its hue that is taken."""
    return Judgement(colour, contrast(INK, colour), contrast(colour, GROUND), _nearest(colour))


def for_dark(colour: str) -> str:
    """Give the school's colour for dark mode."""
    return _toned(colour, DARK_LIGHTNESS, DARK_CHROMA)


def done_in_dark(colour: str) -> str:
    """Give what marks the steps behind you in dark mode, where the colour itself is too dark."""
    return _toned(colour, DONE_LIGHTNESS, DONE_CHROMA)


def to_oklch(colour: str) -> Triple:
    """Give lightness (0 to 1), chroma and hue (radians)."""
    cones = [math.cbrt(value) for value in _times(_TO_CONES, _linear(colour))]
    lightness, a, b = _times(_TO_LAB, (cones[0], cones[1], cones[2]))
    return lightness, math.hypot(a, b), math.atan2(b, a)


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """Give the colour; chroma shrinks until a screen can show it."""
    if _shown(lightness, chroma, hue) is None:
        low, high = 0.0, chroma
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if _shown(lightness, middle, hue) else (low, middle)
        chroma = low
    return _shown(lightness, chroma, hue) or (
        "#000000" if lightness < DARK_LIGHTNESS else "#FFFFFF"
    )


def _readable(colour: str) -> bool:
    return contrast(INK, colour) >= INK_CONTRAST and contrast(colour, GROUND) >= GROUND_CONTRAST


def _nearest(colour: str) -> str:
    if _readable(colour):
        return colour
    lightness, chroma, hue = to_oklch(colour)
    low, high = 0.0, lightness
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _readable(from_oklch(middle, chroma, hue)) else (low, middle)
    return from_oklch(low, chroma, hue)


def _toned(colour: str, lightness: float, most_chroma: float) -> str:
    _, chroma, hue = to_oklch(colour)
    return from_oklch(lightness, min(chroma, most_chroma), hue)


def _shown(lightness: float, chroma: float, hue: float) -> str | None:
    """The colour as sRGB, None where a screen cannot show it."""
    lab = (lightness, chroma * math.cos(hue), chroma * math.sin(hue))
    long, medium, short = (value**3 for value in _times(_FROM_LAB, lab))
    linear = _times(_FROM_CONES, (long, medium, short))
    if any(not -ROUNDING <= value <= 1 + ROUNDING for value in linear):
        return None
    return "#" + "".join(f"{round(255 * _encoded(value)):02X}" for value in linear)


def _encoded(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055  # noqa: PLR2004 - sRGB


def _linear(colour: str) -> Triple:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _decoded(red), _decoded(green), _decoded(blue)


def _decoded(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB


def _times(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third
