"""Pictures that everybody may see: fresh pixels of three formats, and nothing of anything else."""

import io

import pytest
from PIL import Image

from evidence_store import EvidenceStoreError
from evidence_store.inspect.public import make_public_picture
from portal.demo import samples as honest
from tests import samples

LOGO = {"shape": "logo", "width": 240, "height": 80, "max_bytes": 10_000}
PORTRAIT = {"shape": "portrait", "width": 320, "height": 320, "max_bytes": 40_000}


def opened(data):
    return Image.open(io.BytesIO(data))


def webp():
    out = io.BytesIO()
    honest.photo(size=(600, 300)).save(out, "WEBP")
    return out.getvalue()


@pytest.mark.parametrize("make", [honest.png, honest.jpeg, webp])
def test_a_portrait_is_a_small_square_without_what_the_camera_wrote(make):
    made = make_public_picture(make(), **PORTRAIT)
    image = opened(made.data)
    assert (image.format, image.size) == ("JPEG", (320, 320))
    assert len(made.data) <= 40_000
    assert not image.getexif()
    assert b"Exif" not in made.data
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_logo_keeps_its_shape_and_stands_on_white():
    drawn = Image.new("RGBA", (900, 300), (0, 0, 0, 0))
    drawn.paste((200, 20, 20, 255), (100, 100, 800, 200))
    source = io.BytesIO()
    drawn.save(source, "PNG")
    made = make_public_picture(source.getvalue(), **LOGO)
    image = opened(made.data)
    assert (image.format, image.size) == ("PNG", (240, 80))
    assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    assert image.convert("RGB").getpixel((120, 40))[0] > 180


def test_a_polyglot_comes_out_as_pixels_only():
    data = samples.polyglot_jpeg_zip()
    assert b"PK\x03\x04" in data
    made = make_public_picture(data, **PORTRAIT)
    assert b"PK\x03\x04" not in made.data
    assert opened(made.data).format == "JPEG"


REFUSED = {
    "svg": (samples.svg_with_script, "wrong_type"),
    "html": (samples.html_page, "wrong_type"),
    "eps": (samples.eps, "wrong_type"),
    "pdf": (samples.pdf_with_script, "wrong_type"),
    "gif": (samples.gif_huge, "wrong_type"),
    "program": (samples.program, "wrong_type"),
    "bomb": (lambda: samples.png_bomb(8_000, 8_000), "too_many_pixels"),
    "png that lies": (samples.png_lying, "too_many_pixels"),
    "text bomb": (samples.png_text_bomb, "undecodable"),
    "scans": (samples.jpeg_many_scans, "too_many_scans"),
    "cut off": (lambda: samples.truncated(honest.png(), 0.5), "undecodable"),
    "script after a header": (samples.jpeg_header_then_script, "undecodable"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused_with_a_reason(case):
    make, code = REFUSED[case]
    with pytest.raises(EvidenceStoreError, match=code):
        make_public_picture(make(), **LOGO)


def test_what_does_not_get_small_enough_is_refused():
    noise = io.BytesIO()
    Image.frombytes("RGB", (240, 80), samples.noise(240 * 80 * 3)).save(noise, "PNG")
    with pytest.raises(EvidenceStoreError, match="too_detailed"):
        make_public_picture(noise.getvalue(), **{**LOGO, "max_bytes": 3_000})
