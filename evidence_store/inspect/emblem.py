"""Pictures that everybody may see: a logo, a portrait (runs in the child).

Only three formats are tried, by content; what goes out is fresh pixels.
"""

import io
from typing import Any

from PIL import Image, ImageOps

from evidence_store.inspect import kinds, pictures, sniff
from evidence_store.inspect.child import RangeReader, Refusal, Reply

TAKEN = frozenset({"image/jpeg", "image/png", "image/webp"})
LOGO, PORTRAIT = "logo", "portrait"
PALETTES = (128, 48, 16)
QUALITIES = (85, 70, 55)


def work(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """Make a logo (PNG on white, its own shape) or a portrait (square JPEG).

    Args:
        job: `shape` (logo or portrait), `width` and `height` (pixels),
            `max_bytes`.
        reader: The bytes.
        reply: Gets the media type and the picture.

    Raises:
        Refusal: wrong_type, or what `pictures` refuses.
    """
    media_type = kinds.canonical(sniff.media_type(reader.read_at(0, sniff.HEAD), ""))
    if media_type not in TAKEN:
        raise Refusal("wrong_type")
    image = pictures.open_image(reader.read_at(0, reader.size), media_type)
    box = (job["width"], job["height"])
    pictures.decode(image, at_least=2 * max(box))
    flat = pictures.flat_copy(image, max_px=4 * max(box))
    if job["shape"] == PORTRAIT:
        flat = ImageOps.fit(flat, box, Image.Resampling.LANCZOS, centering=(0.5, 0.4))
        tries = (_jpeg(flat, quality) for quality in QUALITIES)
    else:
        flat.thumbnail(box, Image.Resampling.LANCZOS)
        tries = (_png(flat, colours) for colours in PALETTES)
    made = next((data for data in tries if len(data) <= job["max_bytes"]), None)
    if made is None:
        raise Refusal("too_detailed")
    reply.blob(made)


def _png(image: Image.Image, colours: int) -> bytes:
    out = io.BytesIO()
    image.quantize(colours).save(out, "PNG", optimize=True)
    return out.getvalue()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
