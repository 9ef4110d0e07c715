"""Pictures that everybody may see, decoded and re-encoded by the sandboxed child."""

from evidence_store.errors import InspectError
from evidence_store.inspect.answer import TOOL, VERSION, Derivative
from evidence_store.inspect.sandbox import BytesSource, run_child

LOGO, PORTRAIT = "logo", "portrait"
_MODULE = "evidence_store.inspect.emblem"
_MADE = {LOGO: ("image/png", b"\x89PNG\r\n\x1a\n"), PORTRAIT: ("image/jpeg", b"\xff\xd8\xff")}


def make_public_picture(
    data: bytes, *, shape: str, width: int, height: int, max_bytes: int
) -> Derivative:
    """Make a small picture without metadata out of a PNG, JPEG or WebP.

    Args:
        data: The file as it came.
        shape: `logo` (keeps its shape, on white) or `portrait` (cropped to
            the box).
        width: Of the box, in pixels.
        height: Of the box, in pixels.
        max_bytes: Most that the result may weigh, in bytes.

    Returns:
        A PNG for a logo, a JPEG for a portrait.

    Raises:
        InspectError: It is no such picture, does not decode, or does not fit.
            The code of the refusal is its text.
        KeyError: `shape` is something else.
    """
    media_type, begin = _MADE[shape]
    job = {"shape": shape, "width": width, "height": height, "max_bytes": max_bytes}
    outcome = run_child(_MODULE, job, BytesSource(data))
    fits = outcome.blob.startswith(begin) and len(outcome.blob) <= max_bytes
    if outcome.fault or not fits:
        raise InspectError(outcome.fault or "garbage")
    return Derivative(data=outcome.blob, media_type=media_type, tool=TOOL, version=VERSION)
