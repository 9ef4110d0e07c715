"""What the fictional schools show of themselves: drawn shapes, no real logo and nobody's photo."""

from __future__ import annotations

import io
from datetime import datetime

from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from portal.demo.names import FictionalSchool
from portal.services import school_face
from portal.services.school_face import Face
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

SUN, PAPER = "#FFC43D", "#FFF6FA"
SIDE, SCALE = 240, 4
WAVES = ((0, 90), (60, 60), (120, 90), (180, 60))
OPENING = "Iedereen hoort erbij. Gebeurt er iets, dan helpen we je."
CONTACT = "Bel 000 000 00 00, of loop langs bij de balie."
Points = list[tuple[float, float]]


def dress(
    session: Session,
    *,
    school: SchoolView,
    fictional: FictionalSchool,
    admin: StaffActor,
    contact: StaffActor,
    shown: list[StaffActor],
    now: datetime,
) -> None:
    """Give a school its colour, logo, texts and contact point, and some of its people a shape."""
    by = admin.custody
    school_face.set_logo(session, actor=by, school_id=school.id, data=logo(fictional), now=now)
    wanted = Face(fictional.accent, OPENING, CONTACT, contact.id, school.answer_days)
    school_face.change(session, actor=by, school_id=school.id, wanted=wanted, now=now)
    for number, person in enumerate(shown):
        picture = portrait(fictional.accent, number)
        school_face.show_photo(session, actor=person, data=picture, agreed=True, now=now)


def logo(fictional: FictionalSchool) -> bytes:
    """Draw a logo: water, hill, gate, compass or tree, in the school's colour."""
    image = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE), "white")
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle(_scaled(8, 8, 232, 232), 56 * SCALE, fill=fictional.accent)
    SHAPES[fictional.shape](pen)
    return _png(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def portrait(accent: str, number: int) -> bytes:
    """Draw what stands where a photo would: two speaking shapes, one lit."""
    image = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE), "#E5DAE5")
    pen = ImageDraw.Draw(image)
    turn = 24 * (number % 3)
    pen.ellipse(_scaled(110 + turn // 2, 20 + turn, 210 + turn // 2, 120 + turn), fill=SUN)
    bubble = _scaled(36, 84, 172 + turn, 196)
    pen.rounded_rectangle(bubble, 44 * SCALE, fill=accent, corners=(True, True, True, False))
    return _png(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _water(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse(_scaled(130, 40, 190, 100), fill=SUN)
    for row in (120, 152, 184):
        points = [(x, row + (12 if at % 2 else 0)) for at, (x, _) in enumerate(WAVES)]
        pen.line(
            _points([(30 + x, y) for x, y in points]), fill=PAPER, width=12 * SCALE, joint="curve"
        )


def _hill(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse(_scaled(46, 46, 106, 106), fill=SUN)
    pen.polygon(_points([(30, 190), (130, 80), (210, 190)]), fill=PAPER)


def _gate(pen: ImageDraw.ImageDraw) -> None:
    pen.pieslice(_scaled(60, 50, 180, 170), 180, 360, fill=PAPER)
    pen.rectangle(_scaled(60, 108, 180, 196), fill=PAPER)
    pen.pieslice(_scaled(92, 92, 148, 148), 180, 360, fill=SUN)
    pen.rectangle(_scaled(92, 118, 148, 196), fill=SUN)


def _compass(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse(_scaled(48, 48, 192, 192), outline=PAPER, width=12 * SCALE)
    pen.polygon(_points([(120, 62), (142, 120), (98, 120)]), fill=SUN)
    pen.polygon(_points([(120, 178), (142, 120), (98, 120)]), fill=PAPER)


def _tree(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle(_scaled(110, 120, 130, 200), 8 * SCALE, fill=SUN)
    pen.ellipse(_scaled(60, 40, 180, 150), fill=PAPER)


SHAPES = {"water": _water, "hill": _hill, "gate": _gate, "compass": _compass, "tree": _tree}


def _scaled(*numbers: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (number * SCALE for number in numbers)
    return left, top, right, bottom


def _points(points: Points) -> Points:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
