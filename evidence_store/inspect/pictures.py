"""Images: facts and re-encoded previews (runs in the child).

Pillow is told which formats it may try, so that a file named .png that is
EPS never reaches Ghostscript (security reference, section 3).
"""

import io
import re
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from evidence_store.inspect.child import Refusal

MAX_PIXELS = 50_000_000
MAX_SIDE = 16_384
MAX_BYTES = 128 << 20
MAX_SCANS = 100
"""Scans of a progressive JPEG; cameras and encoders write about ten."""

FORMATS = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP",
    "image/bmp": "BMP", "image/tiff": "TIFF", "image/avif": "AVIF", "image/heic": "HEIF",
    "image/heif": "HEIF",
}  # fmt: skip

_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_GPS_IFD, _EXIF_IFD, _ORIENTATION = 0x8825, 0x8769, 0x0112
_LATITUDE, _LONGITUDE = 2, 4
_ARTIST, _OWNER = 0x013B, 0xA430
_TEM, _SOI, _EOI, _SOS = 0x01, 0xD8, 0xD9, 0xDA
_MAKE, _MODEL, _ORIGINAL, _OFFSET = 0x010F, 0x0110, 0x9003, 0x9011


def open_image(data: bytes, media_type: str) -> Image.Image:
    """Open without decoding, after the checks that need no decoder.

    Args:
        data: The whole file.
        media_type: By content; a key of `FORMATS`.

    Returns:
        An image; `decode` decides whether it is small enough.

    Raises:
        Refusal: too_many_scans or undecodable.
    """
    if media_type == "image/jpeg" and count_scans(data) > MAX_SCANS:
        raise Refusal("too_many_scans")
    # libheif's index of boxes is only needed for phones' photos.
    if FORMATS[media_type] == "HEIF":
        import pillow_heif  # noqa: PLC0415 - only HEIC pays for loading it

        pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # checked in decode(), with our own code
    try:
        image = Image.open(io.BytesIO(data), formats=(FORMATS[media_type],))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Refusal("undecodable") from error
    return image


def decode(image: Image.Image, *, at_least: int) -> None:
    """Decode every byte of the image data.

    Args:
        image: From `open_image`.
        at_least: JPEG may be decoded smaller, but not below this side in
            pixels.

    Raises:
        Refusal: too_many_pixels, or undecodable (broken or cut off).
    """
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise Refusal("too_many_pixels")
    try:
        image.draft("RGB", (at_least, at_least))
        image.load()
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise Refusal("undecodable") from error


def facts(image: Image.Image) -> dict[str, Any]:
    """Read what the file says about the picture.

    Args:
        image: From `open_image`.

    Returns:
        width and height in pixels as stored, capture_time, device, author, position.
    """
    found: dict[str, Any] = {"width": image.width, "height": image.height, "position": False}
    packet = image.info.get("xmp", b"")
    if b"GPSLatitude" in (packet if isinstance(packet, bytes) else str(packet).encode()):
        found["position"] = True
    try:
        exif = image.getexif()
        detail, gps = exif.get_ifd(_EXIF_IFD), exif.get_ifd(_GPS_IFD)
    except Exception:  # noqa: BLE001 - hostile EXIF raises anything; the pixels still count
        return found
    if _LATITUDE in gps and _LONGITUDE in gps:
        found["position"] = True
    if author := str(exif.get(_ARTIST) or detail.get(_OWNER) or "").strip("\0 "):
        found["author"] = author
    if device := device_name(exif.get(_MAKE), exif.get(_MODEL)):
        found["device"] = device
    taken = re.match(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", str(detail.get(_ORIGINAL, "")))
    if taken:
        offset = str(detail.get(_OFFSET, "")).strip("\0 ")
        zone = offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else ""
        found["capture_time"] = f"{taken[1]}-{taken[2]}-{taken[3]}T{taken[4]}{zone}"
    return found


def device_name(make: object, model: object) -> str:
    """Join maker and model without saying the maker twice.

    Args:
        make: Tag value or None.
        model: Tag value or None.

    Returns:
        Text, "" when neither is known.
    """
    first, second = (str(part or "").strip("\0 ") for part in (make, model))
    return second if second.lower().startswith(first.lower()) else f"{first} {second}".strip()


def count_scans(data: bytes) -> int:
    """Count the scans of a JPEG without decoding it (ITU-T T.81, annex B).

    Args:
        data: The whole file.

    Returns:
        Number of start-of-scan markers outside of other segments.
    """
    scans, position = 0, 2
    while match := _MARKER.search(data, position):
        code = match[1][0]
        if code == _EOI or scans > MAX_SCANS:
            break
        position = match.end()
        if code in {_TEM, _SOI}:
            continue
        scans += code == _SOS
        position += int.from_bytes(data[position : position + 2], "big")
    return scans


def as_jpeg(flat: Image.Image, *, blur: bool) -> bytes:
    """Make a JPEG that carries nothing but pixels.

    Args:
        flat: From `flat_copy`.
        blur: Give only a few blotches of colour.

    Returns:
        JPEG bytes without metadata.
    """
    if blur:
        tile = flat.resize(
            (max(2, round(10 * flat.width / max(flat.size))),
             max(2, round(10 * flat.height / max(flat.size)))),
            Image.Resampling.BOX,
        )  # fmt: skip
        flat = tile.resize(flat.size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=60 if blur else 85)
    return out.getvalue()


def flat_copy(image: Image.Image, *, max_px: int) -> Image.Image:
    """Copy the pixels alone: upright, on white, no larger than asked.

    Args:
        image: Decoded.
        max_px: Longest side in pixels.

    Returns:
        A fresh RGB image; Pillow would carry comments over from the source.
    """
    orientation = image.getexif().get(_ORIENTATION, 1)
    flat = _reduced(image, max(1, max(image.size) // (2 * max_px)))
    flat.getexif()[_ORIENTATION] = orientation
    flat = ImageOps.exif_transpose(flat)
    flat.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)
    return clean


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Flatten and shrink strip by strip: whole copies would burst the memory."""
    if factor == 1:
        return _on_white(image)
    step = factor * max(1, 512 // factor)
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        small.paste(_on_white(strip).reduce(factor), (0, top // factor))
    return small


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        image = image.convert("F").point(lambda value: value * (1 / 256) + 0).convert("L")
    if image.mode in {"P", "PA", "LA", "La", "RGBa"} or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode != "RGBA":
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
