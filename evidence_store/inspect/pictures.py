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
_GPS_IFD, _EXIF_IFD = 0x8825, 0x8769
_MAKE, _MODEL, _ORIGINAL, _OFFSET = 0x010F, 0x0110, 0x9003, 0x9011


def open_image(data: bytes, media_type: str) -> Image.Image:
    """Open without decoding, after the checks that need no decoder.

    Args:
        data: The whole file.
        media_type: By content; a key of `FORMATS`.

    Returns:
        An image whose size is within the limits.

    Raises:
        Refusal: too_many_scans, too_many_pixels or undecodable.
    """
    if media_type == "image/jpeg" and count_scans(data) > MAX_SCANS:
        raise Refusal("too_many_scans")
    # libheif's index of boxes is only needed for phones' photos.
    if FORMATS[media_type] == "HEIF":
        import pillow_heif  # noqa: PLC0415

        pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # checked below, with our own code
    try:
        image = Image.open(io.BytesIO(data), formats=(FORMATS[media_type],))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Refusal("undecodable") from error
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise Refusal("too_many_pixels")
    return image


def decode(image: Image.Image, *, at_least: int) -> None:
    """Decode every byte of the image data.

    Args:
        image: From `open_image`.
        at_least: JPEG may be decoded smaller, but not below this side in
            pixels.

    Raises:
        Refusal: undecodable (broken or cut off).
    """
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
        width and height in pixels as stored, capture_time, device, position.
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
    if 2 in gps and 4 in gps:
        found["position"] = True
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
        if code == 0xD9 or scans > MAX_SCANS:
            break
        position = match.end()
        if code == 0x01 or code == 0xD8:
            continue
        scans += code == 0xDA
        position += int.from_bytes(data[position : position + 2], "big")
    return scans


def as_jpeg(image: Image.Image, *, max_px: int, blur: bool) -> bytes:
    """Make a small JPEG that carries nothing but pixels.

    Args:
        image: Decoded.
        max_px: Longest side in pixels.
        blur: Give only a few blotches of colour.

    Returns:
        JPEG bytes without metadata.
    """
    image.thumbnail((max_px * 2, max_px * 2), Image.Resampling.BOX, reducing_gap=None)
    turned = ImageOps.exif_transpose(image)
    flat = _on_white(turned)
    flat.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    if blur:
        tile = flat.resize(
            (max(2, round(10 * flat.width / max(flat.size))),
             max(2, round(10 * flat.height / max(flat.size)))),
            Image.Resampling.BOX,
        )  # fmt: skip
        flat = tile.resize(flat.size, Image.Resampling.BICUBIC)
    # A fresh image: Pillow would carry comments over from the source.
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=60 if blur else 85)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        image = image.convert("F").point(lambda value: value / 256 + 0).convert("L")
    if image.mode in {"P", "PA", "LA", "La", "RGBa"} or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode != "RGBA":
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
