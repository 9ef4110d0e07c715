"""The child's two verbs: describe a file, make a preview of it."""

from typing import Any

from evidence_store.inspect import kinds, sniff
from evidence_store.inspect.child import RangeReader, Refusal, Reply

_IMAGES = frozenset({"jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic", "heif"})
_PDF_ACTIONS = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia")
_OFFICE_CORE = frozenset({"docProps/core.xml", "meta.xml"})
_TEXT = frozenset({"text/plain", "text/csv", "application/json", "message/rfc822"})


def describe(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """Tell what a file is; each answer replaces the one before.

    Args:
        job: `name`.
        reader: The bytes.
        reply: Gets type, preview, warnings, facts.
    """
    head = reader.read_at(0, sniff.HEAD)
    found: dict[str, Any] = {
        "type": kinds.canonical(sniff.media_type(head, job["name"])),
        "preview": "none",
        "warnings": [],
        "facts": {},
    }
    # Should the decoder die, the parent still knows the type.
    reply.result({**found, "warnings": ["inspect_failed"]})
    try:
        _look(found, head, reader, job["name"])
    except Refusal as refusal:
        found["preview"] = "none"
        found["warnings"].append(refusal.code)
    reply.result(found)


def _look(found: dict[str, Any], head: bytes, reader: RangeReader, name: str) -> None:
    media_type = found["type"]
    if _is_image(media_type):
        _look_at_image(found, reader)
    elif media_type.startswith(("video/", "audio/")):
        _look_at_media(found, reader)
    elif media_type in {"image/svg+xml", "text/html"}:
        found["warnings"].append("active_content")
    elif media_type in _TEXT:
        found["preview"] = "text"
        if media_type == "message/rfc822":
            from evidence_store.inspect import containers  # noqa: PLC0415 - a child loads only its own decoder

            found["facts"] = containers.mail_facts(head)
        else:
            found["facts"] = _chat_facts(head, [name])
    elif media_type == "application/pdf":
        _look_at_pdf(found, head, reader)
    elif head[:2] == b"PK" or media_type in kinds.ARCHIVES:
        _look_at_archive(found, head, reader, name)


def _chat_facts(head: bytes, names: list[str]) -> dict[str, Any]:
    from evidence_store.inspect import chats, texts  # noqa: PLC0415 - a child loads only its own decoder

    return chats.chat_facts(texts.decoded(head), names)


def _look_at_pdf(found: dict[str, Any], head: bytes, reader: RangeReader) -> None:
    from evidence_store.inspect import documents  # noqa: PLC0415 - a child loads only its own decoder

    if any(mark in head for mark in _PDF_ACTIONS):
        found["warnings"].append("active_content")
    tail = reader.read_at(max(0, reader.size - sniff.HEAD), sniff.HEAD)
    if author := documents.pdf_author([tail, head]):
        found["facts"] = {"author": author}


def _is_image(media_type: str) -> bool:
    major, _, minor = media_type.partition("/")
    return major == "image" and minor in _IMAGES


def _look_at_image(found: dict[str, Any], reader: RangeReader) -> None:
    from evidence_store.inspect import pictures  # noqa: PLC0415 - a child loads only its own decoder

    if reader.size > pictures.MAX_BYTES:
        raise Refusal("too_large_to_preview")
    image = pictures.open_image(reader.read_at(0, reader.size), found["type"])
    found["facts"] = pictures.facts(image)
    pictures.decode(image, at_least=64)
    found["preview"] = "image"


def _look_at_media(found: dict[str, Any], reader: RangeReader) -> None:
    from evidence_store.inspect import media  # noqa: PLC0415 - a child loads only its own decoder

    if found["type"] not in media.FORMATS:
        raise Refusal("undecodable")
    with media.opened(reader, found["type"]) as container:
        found["facts"] = media.facts(container)
        if media.picture_stream(container) is None:
            found["type"] = found["type"].replace("video/quicktime", "video/mp4")
            found["type"] = found["type"].replace("video/", "audio/", 1)
            media.sounds(container)
            found["preview"] = "audio"
        else:
            media.poster(container, wanted_ms=0)
            found["preview"] = "video"


def _look_at_archive(found: dict[str, Any], head: bytes, reader: RangeReader, name: str) -> None:
    from evidence_store.inspect import chats, containers, documents  # noqa: PLC0415 - a child loads only its own decoder

    if found["type"] in kinds.ARCHIVES:
        found["warnings"].append("archive_unopened")
    if head[:2] != b"PK":
        return
    facts, warnings, nature = containers.zip_facts(reader)
    found["facts"] = facts
    found["warnings"] += warnings
    if nature == "office" and found["type"] == "application/zip":
        found["type"] = "application/x-office"
    if nature == "office":
        core = containers.member_head(reader, _OFFICE_CORE.__contains__, sniff.HEAD)
        found["facts"] |= {"author": documents.office_author(core)}
    if nature == "archive":
        text = containers.member_head(reader, lambda one: one.endswith(".txt"), chats.MAX_HEAD)
        found["facts"] |= _chat_facts(text, [name, *found["facts"]["member_names"]])
    if nature == "program":
        found["type"] = "application/java-archive"
    if nature != "archive" and "archive_unopened" in found["warnings"]:
        found["warnings"].remove("archive_unopened")


def preview(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """Make a small picture of an image or a video.

    Args:
        job: `media_type`, `max_px` (pixels), `blur`.
        reader: The bytes.
        reply: Gets the tool's versions, the mark of an image, and the JPEG.

    Raises:
        Refusal: The content does not decode as that type.
    """
    import PIL  # noqa: PLC0415 - a child loads only its own decoder

    from evidence_store.inspect import likeness, pictures  # noqa: PLC0415 - a child loads only its own decoder

    media_type, side = job["media_type"], job["max_px"]
    if media_type in _TEXT:
        from evidence_store.inspect import texts  # noqa: PLC0415 - a child loads only its own decoder

        reply.result({"text": True, "versions": "plain text"})
        reply.blob(texts.readable(reader.read_at(0, sniff.HEAD), media_type))
        return
    versions = f"Pillow {PIL.__version__}"
    if media_type in pictures.FORMATS:
        if reader.size > pictures.MAX_BYTES:
            raise Refusal("too_large_to_preview")
        image = pictures.open_image(reader.read_at(0, reader.size), media_type)
        pictures.decode(image, at_least=2 * side)
    else:
        from evidence_store.inspect import media  # noqa: PLC0415 - a child loads only its own decoder

        if media_type not in media.FORMATS:
            raise Refusal("no_preview")
        with media.opened(reader, media_type) as container:
            image = media.poster(container, wanted_ms=1000)
        versions += f", {media.VERSION}"
    flat = pictures.flat_copy(image, max_px=side)
    mark = likeness.of_picture(flat) if media_type in pictures.FORMATS else ""
    reply.result({"versions": versions, "likeness": mark})
    reply.blob(pictures.as_jpeg(flat, blur=job["blur"]))


def clean(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """Make a copy without what it tells of its sender: pixels alone, or words without a name.

    Args:
        job: `media_type`, `max_px` (pixels), `conceal` (names), `mark` (stands instead).
        reader: The bytes.
        reply: Gets the tool's versions and the copy.

    Raises:
        Refusal: no_copy, or the content does not decode as that type.
    """
    media_type = job["media_type"]
    if media_type in _TEXT:
        from evidence_store.inspect import cleaning  # noqa: PLC0415 - a child loads only its own decoder

        if reader.size > cleaning.MAX_CLEAN:
            raise Refusal("no_copy")
        data = reader.read_at(0, reader.size)
        copy = cleaning.cleaned(data, media_type, job["conceal"], job["mark"])
        reply.result({"text": True, "versions": "plain text"})
        reply.blob(copy)
    elif _is_image(media_type):
        preview({**job, "blur": False}, reader, reply)
    else:
        raise Refusal("no_copy")
