"""Fictional evidence files of the kinds phones produce, made on the spot.

Deterministic for a seed and drawn by these functions: nothing is a recording
of anyone. The demonstration and the tests share them.
"""

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Literal

import av
import pillow_heif
from PIL import Image, ImageDraw, ImageFont

GROUP = "3A zonder N"
_LINES = (
    ("~ kevin", "wie heeft die foto van gym nog"),
    ("~ kevin", "haha walvis"),
    ("Sanne", "kap ff joh"),
    ("~ kevin", "doorsturen naar iedereen"),
    ("Daan", "moet dit nou echt"),
    ("~ kevin", "we wachten je op"),
)
_BLOCK = 1 << 20
_MAIL = """\
Return-Path: <k3vin.anoniem@mail.example>
Received: from mx2.school.example (192.0.2.14) by store.school.example
\twith ESMTPS id 7Qx2; Thu, 12 Nov 2026 22:41:09 +0100
Received: from out4.mail.example (198.51.100.23) by mx2.school.example
\twith ESMTPS id 3Fb9; Thu, 12 Nov 2026 21:41:07 +0000
Message-ID: <a1b2c3@mail.example>
Date: Thu, 12 Nov 2026 22:41:05 +0100
From: =?utf-8?q?K=C3=A9vin?= <k3vin.anoniem@mail.example>
To: n.dehaan@school.example
Subject: =?utf-8?q?morgen_=E2=80=A6?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

morgen na het derde uur weet je het wel
"""


def screenshot(seed: int = 1, size: tuple[int, int] = (1170, 2532)) -> Image.Image:
    """Draw a made-up chat screen; `size` in pixels."""
    chance = random.Random(seed)  # noqa: S311 - drawing, not secrets
    image = Image.new("RGB", size, "#efe9e2")
    draw = ImageDraw.Draw(image)
    unit = size[0] / 24
    font = ImageFont.load_default(size=unit * 0.95)
    draw.rectangle((0, 0, size[0], unit * 4), fill="#2b4a4f")
    draw.text((unit * 2, unit * 1.8), GROUP, fill="white", font=font)
    top = unit * 5
    for number in range(9):
        sender, text = _LINES[(number + seed) % len(_LINES)]
        left = unit * 8 if chance.random() < 0.3 else unit  # noqa: PLR2004 - any share will do
        draw.rounded_rectangle((left, top, left + unit * 15, top + unit * 3.6), unit / 2, "white")
        draw.text((left + unit / 2, top + unit * 0.4), sender, fill="#7a2e8e", font=font)
        draw.text((left + unit / 2, top + unit * 1.9), text, fill="#1d1222", font=font)
        top += unit * 4.4
    return image


def photo(seed: int = 1, size: tuple[int, int] = (1600, 1200)) -> Image.Image:
    """Draw a made-up bicycle shed with some grain; `size` in pixels."""
    chance = random.Random(seed)  # noqa: S311 - drawing, not secrets
    width, height = size
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.6, width, height), fill="#6f6a64")
    for _ in range(12):
        x, r = chance.uniform(0, width), height * 0.09
        draw.ellipse((x - r, height * 0.62 - r, x + r, height * 0.62 + r), outline="#222", width=6)
        draw.ellipse((x + r, height * 0.62 - r, x + 3 * r, height * 0.62 + r), outline="#222")
    grain = bytearray(chance.randbytes(width * height // 16))
    noise = Image.frombytes("L", (width // 4, height // 4), bytes(grain)).resize(size)
    return Image.blend(image, noise.convert("RGB"), 0.06)


def camera_data(*, position: bool = True, orientation: int = 1) -> Image.Exif:
    """Build EXIF as a phone writes it, with an invented position."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Voorbeeld", "Voorbeeld Telefoon 5", orientation
    detail = exif.get_ifd(0x8769)
    detail[0x9003], detail[0x9011] = "2026:10:02 08:14:31", "+02:00"
    if position:
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 8.0, 30.0), 3: "E", 4: (6.0, 11.0, 42.0)})
    return exif


def png(seed: int = 1) -> bytes:
    """Return a screenshot as PNG."""
    out = io.BytesIO()
    screenshot(seed).save(out, "PNG")
    return out.getvalue()


def jpeg(seed: int = 1, *, position: bool = True, orientation: int = 1) -> bytes:
    """Return a photo as JPEG with camera data."""
    out = io.BytesIO()
    exif = camera_data(position=position, orientation=orientation)
    photo(seed).save(out, "JPEG", quality=80, exif=exif)
    return out.getvalue()


def heic(seed: int = 1) -> bytes:
    """Return a photo as HEIC with a position in it."""
    out = io.BytesIO()
    exif = camera_data().tobytes()
    pillow_heif.from_pillow(photo(seed)).save(out, quality=55, exif=exif)
    return out.getvalue()


def video(seed: int = 1, *, container: str = "mov", seconds: int = 2) -> bytes:
    """Return a short video with place and time in its container; "mov" or "mp4"."""
    out = io.BytesIO()
    options = {"fflags": "+bitexact", "movflags": "use_metadata_tags"}
    with av.open(out, "w", format=container, options=options) as target:
        target.metadata["com.apple.quicktime.location.ISO6709"] = "+52.1416+006.1950+008.000/"
        target.metadata["com.apple.quicktime.make"] = "Voorbeeld"
        target.metadata["com.apple.quicktime.model"] = "Telefoon 5"
        target.metadata["com.apple.quicktime.creationdate"] = "2026-11-13T21:07:40+0100"
        stream = target.add_stream("libx264", rate=10, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        picture = photo(seed, (320, 240))
        for number in range(seconds * 10):
            shifted = picture.copy()
            ImageDraw.Draw(shifted).rectangle((number * 8, 20, number * 8 + 40, 60), "#c8102e")
            for packet in stream.encode(_frame(shifted)):
                target.mux(packet)
        for packet in stream.encode(None):
            target.mux(packet)
    return out.getvalue()


def _frame(picture: Image.Image) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV
    return frame


def large_video(size: int, seed: int = 1) -> Iterator[bytes]:
    """Yield a video of exactly `size` bytes, filled up with a `free` box."""
    start = video(seed)
    room = size - len(start)
    if room < 8:  # noqa: PLR2004 - a box header
        msg = f"a video needs at least {len(start) + 8} bytes"
        raise ValueError(msg)
    yield start
    yield struct.pack(">I4s", room, b"free")
    filler = random.Random(seed).randbytes(_BLOCK)  # noqa: S311 - filler, the same each time
    for offset in range(0, room - 8, _BLOCK):
        yield filler[: room - 8 - offset]


def voice(
    *, codec: Literal["libopus", "aac"] = "libopus", container: str = "ogg", seconds: int = 2
) -> bytes:
    """Return a tone as a voice message: Opus in Ogg, or AAC in M4A ("aac", "ipod")."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options={"fflags": "+bitexact"}) as target:
        stream = target.add_stream(codec, rate=48_000, layout="mono")
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        samples = 960 if codec == "libopus" else 1024
        layout = "flt" if codec == "libopus" else "fltp"
        wave = [0.2 * ((n % 109) / 54.5 - 1) for n in range(samples)]
        data = struct.pack(f"<{samples}f", *wave)
        for number in range(seconds * 48_000 // samples):
            frame = av.AudioFrame(format=layout, layout="mono", samples=samples)
            frame.planes[0].update(data + bytes(frame.planes[0].buffer_size - len(data)))
            frame.sample_rate, frame.pts = 48_000, number * samples
            frame.time_base = Fraction(1, 48_000)
            for packet in stream.encode(frame):
                target.mux(packet)
        for packet in stream.encode(None):
            target.mux(packet)
    return out.getvalue()


def opus() -> bytes:
    """Return a WhatsApp voice message."""
    return voice()


def m4a() -> bytes:
    """Return a voice memo."""
    return voice(codec="aac", container="ipod")


def whatsapp_text(messages: int = 40, *, media: bool = False) -> bytes:
    """Return an Android export, Dutch settings, `messages` lines long."""
    rows = [
        "14-09-2026 20:58 - Berichten en gesprekken worden end-to-end versleuteld.",
        f"14-09-2026 21:02 - ~ kevin heeft de groep \u2018{GROUP}\u2019 gemaakt",
    ]
    for number in range(messages):
        sender, text = _LINES[number % len(_LINES)]
        rows.append(f"14-09-2026 21:{3 + number // 2 % 57:02d} - {sender}: {text}")
    if media:
        rows.append("14-09-2026 21:59 - ~ kevin: IMG-20260914-WA0003.jpg (bestand bijgevoegd)")
    return ("\n".join(rows) + "\n").encode()


def whatsapp_zip() -> bytes:
    """Return an export with media, as WhatsApp zips it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            (f"WhatsApp-chat met {GROUP}.txt", whatsapp_text(media=True)),
            ("IMG-20260914-WA0003.jpg", jpeg(3, position=False)),
            ("PTT-20260914-WA0004.opus", opus()),
        ):
            archive.writestr(zipfile.ZipInfo(name, (2026, 9, 14, 22, 5, 0)), data)
    return out.getvalue()


def mail() -> bytes:
    """Return a mail with the path it took, addresses from the reserved ranges."""
    return _MAIL.replace("\n", "\r\n").encode()


def pdf() -> bytes:
    """Return a one-page PDF 1.4, written by hand."""
    content = b"BT /F1 14 Tf 72 770 Td (Brief aan de mentor, 5 oktober 2026) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


SAMPLES: dict[str, Callable[[], bytes]] = {
    "Schermafbeelding 2026-09-03.png": png,
    "IMG_2041.jpg": jpeg,
    "IMG_2042.HEIC": heic,
    "IMG_2050.MOV": video,
    "VID-20261113.mp4": lambda: video(2, container="mp4"),
    f"WhatsApp-chat met {GROUP}.txt": whatsapp_text,
    f"WhatsApp-chat met {GROUP}.zip": whatsapp_zip,
    "morgen.eml": mail,
    "brief mentor.pdf": pdf,
    "PTT-20260914-WA0004.opus": opus,
    "Opname 12.m4a": m4a,
}
"""Honest file names and what makes each."""
