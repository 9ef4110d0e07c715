"""A short mark by which two pictures that look alike are recognised (runs in the child).

Difference hash after Neal Krawetz, "Kind of Like That", The Hacker Factor Blog, 21 January 2013:
shrink, take away the colour, and keep for each place only whether it is brighter than its
neighbour. Here in both directions, 64 bits each. It survives compression, another size and a
narrow crop; it proves nothing, and says nothing of who is in the picture.
"""

from itertools import pairwise

from PIL import Image

SIDE = 8
FEWEST = 12
"""Bits that must differ from the rest: of a nearly even picture nothing can be said."""


def of_picture(picture: Image.Image) -> str:
    """Make the mark of a picture.

    Args:
        picture: Upright, on white.

    Returns:
        32 hexadecimal digits (128 bits), or "" when the picture is nearly even.
    """
    grey = picture.convert("L")
    across = _rows(grey.resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS))
    down = _rows(
        grey.resize((SIDE, SIDE + 1), Image.Resampling.LANCZOS).transpose(Image.Transpose.TRANSPOSE)
    )
    bits = [one > other for row in (*across, *down) for one, other in pairwise(row)]
    if not FEWEST <= sum(bits) <= len(bits) - FEWEST:
        return ""
    return f"{sum(bit << place for place, bit in enumerate(bits)):032x}"


def _rows(small: Image.Image) -> list[bytes]:
    data, width = small.tobytes(), small.width
    return [data[start : start + width] for start in range(0, len(data), width)]
