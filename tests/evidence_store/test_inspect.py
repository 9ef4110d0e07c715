"""What `describe` and `make_preview` make of honest files."""

import hashlib
import io
import random
from pathlib import Path

import pytest
from PIL import Image

from evidence_store.errors import InspectError
from evidence_store.inspect import describe, make_preview
from evidence_store.inspect.sandbox import BytesSource
from portal.demo import samples

KEYS = {
    "sha256", "size", "type", "declared_type", "verdict", "preview", "warnings", "facts",
}  # fmt: skip

EXPECTED = {
    "Schermafbeelding 2026-09-03.png": ("image/png", "image", []),
    "IMG_2041.jpg": ("image/jpeg", "image", []),
    "IMG_2042.HEIC": ("image/heic", "image", []),
    "IMG_2050.MOV": ("video/quicktime", "video", []),
    "VID-20261113.mp4": ("video/mp4", "video", []),
    "WhatsApp-chat met 3A zonder N.txt": ("text/plain", "text", []),
    "WhatsApp-chat met 3A zonder N.zip": ("application/zip", "none", ["archive_unopened"]),
    "morgen.eml": ("message/rfc822", "text", []),
    "brief mentor.pdf": ("application/pdf", "none", []),
    "PTT-20260914-WA0004.opus": ("audio/ogg", "audio", []),
    "Opname 12.m4a": ("audio/mp4", "audio", []),
}


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_a_phone_file_is_recognised(name: str) -> None:
    data = samples.SAMPLES[name]()
    answer = describe(BytesSource(data), name=name)
    assert set(answer) == KEYS
    assert (answer["type"], answer["preview"], answer["warnings"]) == EXPECTED[name]
    assert answer["verdict"] == "accept"
    assert answer["sha256"] == hashlib.sha256(data).hexdigest()
    assert answer["size"] == len(data)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_samples_are_the_same_every_time(name: str) -> None:
    assert samples.SAMPLES[name]() == samples.SAMPLES[name]()


def test_camera_facts_are_read() -> None:
    for data, name in ((samples.jpeg(), "a.jpg"), (samples.heic(), "a.heic")):
        facts = describe(BytesSource(data), name=name)["facts"]
        assert facts == {
            "width": 1600,
            "height": 1200,
            "position": True,
            "capture_time": "2026-10-02T08:14:31+02:00",
            "device": "Voorbeeld Telefoon 5",
        }


def test_video_facts_come_from_the_container() -> None:
    facts = describe(BytesSource(samples.video()), name="a.mov")["facts"]
    assert facts["position"] is True
    assert facts["duration_ms"] == 2000
    assert (facts["width"], facts["height"]) == (320, 240)
    assert facts["capture_time"] == "2026-11-13T21:07:40+0100"


def test_a_picture_without_position_says_so() -> None:
    answer = describe(BytesSource(samples.jpeg(position=False)), name="a.jpg")
    assert answer["facts"]["position"] is False


def test_mail_hops_are_kept_in_order() -> None:
    facts = describe(BytesSource(samples.mail()), name="a.eml")["facts"]
    assert [hop.split()[1] for hop in facts["mail_hops"]] == [
        "mx2.school.example",
        "out4.mail.example",
    ]
    assert facts["mail_from"] == "Kévin <k3vin.anoniem@mail.example>"


def test_a_path_is_a_source_and_the_digest_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(samples.png())
    assert describe(path, name="a.png")["type"] == "image/png"
    assert describe(path, name="a.png", sha256="ab")["sha256"] == "ab"


def test_a_missing_path_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(InspectError, match=r"cannot read weg\.png"):
        describe(tmp_path / "weg.png", name="weg.png")


def test_the_end_of_a_large_video_is_fetched_by_range() -> None:
    """Only ranges are read: a phone's index may stand at the far end."""

    class Counting:
        def __init__(self) -> None:
            self.data = samples.video()
            self.size = len(self.data) + (400 << 20)
            self.read = 0

        def read_at(self, offset: int, size: int) -> bytes:
            self.read += size
            whole = self.data + (400 << 20).to_bytes(4, "big") + b"free"
            return whole[offset : offset + size].ljust(size, b"\0")

    source = Counting()
    answer = describe(source, name="a.mov", sha256="00")
    assert answer["preview"] == "video"
    assert source.read < 4 << 20


def test_a_preview_carries_no_metadata_and_stands_upright() -> None:
    for data, kind in (
        (samples.jpeg(orientation=6), "image/jpeg"),
        (samples.video(), "video/quicktime"),
        (samples.heic(), "image/heic"),
    ):
        made = make_preview(BytesSource(data), media_type=kind, max_px=320, blur=False)
        image = Image.open(io.BytesIO(made.data))
        assert made.media_type == "image/jpeg"
        assert max(image.size) == 320
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert "Pillow" in made.version
        if kind == "image/jpeg":
            assert image.height > image.width


def test_a_blurred_tile_tells_only_colours() -> None:
    sharp = make_preview(BytesSource(samples.png()), media_type="image/png", max_px=320, blur=False)
    tile = make_preview(BytesSource(samples.png()), media_type="image/png", max_px=320, blur=True)
    image = Image.open(io.BytesIO(tile.data))
    again = image.reduce(16).resize(image.size, Image.Resampling.BICUBIC)
    assert _difference(image, again) < 6
    assert _difference(image, Image.open(io.BytesIO(sharp.data))) > 8
    assert len(tile.data) < len(sharp.data) / 3


def _difference(one: Image.Image, other: Image.Image) -> float:
    pairs = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (one.width * one.height)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_colour_model_becomes_a_preview(mode: str) -> None:
    out = io.BytesIO()
    kind = "TIFF" if mode == "CMYK" else "PNG"
    grey = Image.linear_gradient("L").resize((900, 700))
    source = Image.new(mode, (900, 700), 40_000) if mode == "I;16" else grey.convert(mode)
    source.save(out, kind)
    data = BytesSource(out.getvalue())
    made = make_preview(data, media_type=f"image/{kind.lower()}", max_px=64, blur=False)
    middle = Image.open(io.BytesIO(made.data)).convert("L").getpixel((32, 25))
    assert isinstance(middle, int)
    assert 100 < middle < 180


def test_text_and_mail_have_a_readable_preview() -> None:
    text = "\u202ehoi\x00 caf\xe9 \U0001f600\r\n".encode() * 20_000
    made = make_preview(BytesSource(text), media_type="text/plain", max_px=64, blur=False)
    shown = made.data.decode()
    assert made.media_type == "text/plain; charset=utf-8"
    assert shown.startswith("\ufffdhoi\ufffd caf\xe9 \U0001f600\n")
    assert len(shown) <= 65_536
    mail = make_preview(
        BytesSource(samples.mail()), media_type="message/rfc822", max_px=64, blur=False
    )
    assert "Subject: morgen …" in mail.data.decode()
    assert "derde uur" in mail.data.decode()


def test_a_mail_of_html_alone_is_shown_as_its_words() -> None:
    mail = (
        b"From: a@post.example\r\nSubject: morgen\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>p{}</style></head>"
        b"<body><p>Je komt <b>niet</b> &amp; klaar</p><script>alert(1)</script>"
        b"<img src=x onerror=alert(2)></body></html>"
    )
    made = make_preview(BytesSource(mail), media_type="message/rfc822", max_px=64, blur=False)
    shown = made.data.decode()
    assert "Je komt niet & klaar" in shown
    assert not any(part in shown for part in ("<", "alert", "p{}"))


@pytest.mark.parametrize("kind", ["application/pdf", "application/zip", "image/svg+xml"])
def test_other_kinds_have_no_preview(kind: str) -> None:
    with pytest.raises(InspectError):
        make_preview(BytesSource(samples.pdf()), media_type=kind, max_px=64, blur=False)


@pytest.mark.parametrize(
    "data",
    [
        honest_text + b"\x00\x07" + honest_text
        for honest_text in (samples.whatsapp_text(), "caf\xe9 \x93ja\x94\n".encode("latin-1") * 20)
    ]
    + ["\ufeff14-09-2026 21:03 - ~ kevin: \u201choi\u201d\n".encode("utf-16-le")],
)
def test_text_in_a_strange_encoding_is_still_text(data: bytes) -> None:
    answer = describe(BytesSource(data), name="chat.txt")
    assert (answer["type"], answer["preview"], answer["warnings"]) == ("text/plain", "text", [])


def test_noise_is_no_text() -> None:
    noise = random.Random(1).randbytes(9000)
    assert describe(BytesSource(noise), name="a.bin")["type"] == "application/octet-stream"
