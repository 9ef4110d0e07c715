"""Video and sound: facts and a poster frame (runs in the child).

The container format is fixed by the content type beforehand: FFmpeg's
probing would also try playlists, which name other files and addresses.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from evidence_store.inspect import pictures
from evidence_store.inspect.child import RangeReader, Refusal

FORMATS = {
    "video/mp4": "mov", "video/quicktime": "mov", "video/3gpp": "mov", "video/3gpp2": "mov",
    "audio/mp4": "mov", "audio/3gpp": "mov", "video/webm": "matroska", "audio/webm": "matroska",
    "video/x-matroska": "matroska", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/wav": "wav",
    "audio/aac": "aac", "audio/amr": "amr", "audio/flac": "flac", "video/x-msvideo": "avi",
    "video/mp2t": "mpegts", "audio/x-caf": "caf",
}  # fmt: skip

VERSION = f"PyAV {av.__version__}"
"""Said in the version of a derivative."""

_POSITION_KEYS = ("location", "location-eng", "com.apple.quicktime.location.iso6709", "xyz")


@contextmanager
def opened(reader: RangeReader, media_type: str) -> Iterator[InputContainer]:
    """Open a container over the parent's ranges.

    Args:
        reader: The bytes.
        media_type: A key of `FORMATS`.

    Yields:
        The container.

    Raises:
        Refusal: undecodable.
    """
    buffered = io.BufferedReader(reader, 256 * 1024)
    try:
        container = av.open(
            buffered, mode="r", format=FORMATS[media_type], metadata_errors="ignore",
            options={"protocol_whitelist": "file", "enable_drefs": "0"},
        )  # fmt: skip
    except (av.FFmpegError, ValueError, OSError) as error:
        raise Refusal("undecodable") from error
    try:
        yield container
    finally:
        container.close()


def facts(container: InputContainer) -> dict[str, Any]:
    """Read what the container says.

    Args:
        container: Opened.

    Returns:
        duration_ms, position, and where known width, height, capture_time,
        device.
    """
    told = {key.lower(): value for key, value in container.metadata.items()}
    for stream in container.streams:
        for key, value in stream.metadata.items():
            told.setdefault(key.lower(), value)
    found: dict[str, Any] = {"position": any(key in told for key in _POSITION_KEYS)}
    if container.duration is not None and container.duration >= 0:
        found["duration_ms"] = container.duration // 1000
    if video := picture_stream(container):
        found |= {"width": video.codec_context.width, "height": video.codec_context.height}
    taken = told.get("com.apple.quicktime.creationdate") or told.get("creation_time")
    if taken and not taken.startswith(("1904", "1970")):
        found["capture_time"] = taken
    device = pictures.device_name(
        told.get("com.apple.quicktime.make") or told.get("make"),
        told.get("com.apple.quicktime.model") or told.get("model"),
    )
    if device or told.get("com.android.manufacturer"):
        found["device"] = device or pictures.device_name(
            told.get("com.android.manufacturer"), told.get("com.android.model")
        )
    return found


def picture_stream(container: InputContainer) -> VideoStream | None:
    """Return the first moving-picture stream; cover art does not count.

    Args:
        container: Opened.

    Returns:
        A video stream or None.
    """
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    return None


def poster(container: InputContainer, *, wanted_ms: int) -> Image.Image:
    """Decode one frame, turned upright.

    Args:
        container: Opened.
        wanted_ms: Moment to aim for; the first frame stands in.

    Returns:
        An RGB image.

    Raises:
        Refusal: undecodable or too_many_pixels.
    """
    stream = picture_stream(container)
    if stream is None:
        raise Refusal("undecodable")
    size = (stream.codec_context.width, stream.codec_context.height)
    if max(size) > pictures.MAX_SIDE or size[0] * size[1] > pictures.MAX_PIXELS:
        raise Refusal("too_many_pixels")
    stream.thread_count = 1
    try:
        if wanted_ms and container.duration and container.duration > 3000 * wanted_ms:
            container.seek(wanted_ms * 1000)
        frame = next(iter(container.decode(stream)))
        picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV
    except (av.FFmpegError, StopIteration, ValueError, OSError) as error:
        raise Refusal("undecodable") from error
    return picture.rotate(frame.rotation, expand=True)


def sounds(container: InputContainer) -> None:
    """Decode one piece of sound, to know that it is sound.

    Args:
        container: Opened.

    Raises:
        Refusal: undecodable.
    """
    try:
        stream = container.streams.audio[0]
        next(iter(container.decode(stream)))
    except (av.FFmpegError, StopIteration, IndexError, ValueError) as error:
        raise Refusal("undecodable") from error
