"""Media types: by extension, by family, and how we name what libmagic says.

A small table of our own: `mimetypes` reads the host's files and would give
different answers on different machines.
"""

BY_EXTENSION = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg", "png": "image/png",
    "gif": "image/gif", "webp": "image/webp", "bmp": "image/bmp", "tif": "image/tiff",
    "tiff": "image/tiff", "heic": "image/heic", "heif": "image/heif", "avif": "image/avif",
    "svg": "image/svg+xml", "eps": "application/postscript", "ps": "application/postscript",
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "3gp": "video/3gpp",
    "webm": "video/webm", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
    "m4a": "audio/mp4", "mp3": "audio/mpeg", "opus": "audio/ogg", "ogg": "audio/ogg",
    "oga": "audio/ogg", "wav": "audio/wav", "aac": "audio/aac", "amr": "audio/amr",
    "flac": "audio/flac", "txt": "text/plain", "csv": "text/csv", "json": "application/json",
    "html": "text/html", "htm": "text/html", "xhtml": "text/html", "mhtml": "message/rfc822",
    "xml": "text/xml", "eml": "message/rfc822", "pdf": "application/pdf", "rtf": "text/rtf",
    "zip": "application/zip", "7z": "application/x-7z-compressed", "rar": "application/x-rar",
    "gz": "application/gzip", "tar": "application/x-tar", "docx": "application/x-office",
    "xlsx": "application/x-office", "pptx": "application/x-office", "odt": "application/x-office",
    "doc": "application/x-office", "xls": "application/x-office", "ppt": "application/x-office",
    "exe": "application/x-program", "dll": "application/x-program", "apk": "application/x-program",
    "jar": "application/x-program", "msi": "application/x-program", "js": "text/javascript",
    "bat": "application/x-program", "cmd": "application/x-program", "ps1": "application/x-program",
    "vbs": "application/x-program", "sh": "application/x-program", "scr": "application/x-program",
    "com": "application/x-program", "lnk": "application/x-program", "py": "application/x-program",
}  # fmt: skip

PROGRAM_EXTENSIONS = frozenset(
    ext for ext, kind in BY_EXTENSION.items() if kind == "application/x-program"
) | {"js"}

ARCHIVES = frozenset(
    {
        "application/zip", "application/gzip", "application/x-7z-compressed",
        "application/x-rar", "application/x-tar", "application/x-bzip2", "application/x-xz",
        "application/zstd",
    }
)  # fmt: skip

_ALIASES = {
    "application/x-gzip": "application/gzip", "application/x-rar-compressed": "application/x-rar",
    "application/vnd.rar": "application/x-rar", "application/x-bzip": "application/x-bzip2",
    "application/x-zstd": "application/zstd", "application/x-zip-compressed": "application/zip",
    "audio/x-m4a": "audio/mp4", "audio/x-wav": "audio/wav", "audio/vnd.wave": "audio/wav",
    "audio/x-hx-aac-adts": "audio/aac", "audio/x-aac": "audio/aac", "audio/opus": "audio/ogg",
    "audio/x-flac": "audio/flac", "application/ogg": "audio/ogg", "video/x-m4v": "video/mp4",
    "image/x-ms-bmp": "image/bmp", "image/heif-sequence": "image/heif", "image/jpg": "image/jpeg",
    "image/heic-sequence": "image/heic", "application/x-pdf": "application/pdf",
    "application/javascript": "text/javascript", "application/xhtml+xml": "text/html",
    "application/xml": "text/xml", "application/csv": "text/csv", "video/ogg": "audio/ogg",
    "application/rtf": "text/rtf",
}  # fmt: skip

_OFFICE = ("application/vnd.openxml", "application/vnd.oasis", "application/vnd.ms-")

_FAMILIES = {
    "image/heic": "heif", "image/heif": "heif", "image/avif": "avif",
    "video/mp4": "isobmff", "video/quicktime": "isobmff", "video/3gpp": "isobmff",
    "audio/mp4": "isobmff", "audio/3gpp": "isobmff", "video/webm": "matroska",
    "video/x-matroska": "matroska", "audio/webm": "matroska", "message/rfc822": "text",
    "text/plain": "text", "text/csv": "text", "application/json": "text",
}  # fmt: skip


def canonical(media_type: str) -> str:
    """Give a media type its usual name, without parameters.

    Args:
        media_type: As declared or as libmagic says.

    Returns:
        Lower-case `type/subtype`.
    """
    plain = media_type.partition(";")[0].strip().lower()
    return _ALIASES.get(plain, plain)


def extension(name: str) -> str:
    """Return the lower-case extension of a file name, without the dot.

    Args:
        name: As given by the sender; may hold anything.

    Returns:
        The part after the last dot, or "" if there is none.
    """
    stem, dot, last = name.rpartition(".")
    return last.strip().lower() if dot and stem else ""


def by_name(name: str) -> str | None:
    """Return the type a file name promises.

    Args:
        name: As given by the sender.

    Returns:
        A media type, or None when the extension says nothing.
    """
    return BY_EXTENSION.get(extension(name))


def family(media_type: str) -> str:
    """Group types that honest phones and browsers mix up.

    Args:
        media_type: Any media type.

    Returns:
        A word that two compatible types share.
    """
    plain = canonical(media_type)
    if plain.startswith(_OFFICE):
        return "office"
    if plain in {"application/msword", "application/x-office", "application/x-ole-storage"}:
        return "office"
    if plain in {"text/html", "text/xml", "text/rtf", "text/javascript", "text/x-shellscript"}:
        return plain
    if plain.startswith("text/"):
        return "text"
    return _FAMILIES.get(plain, plain)


def is_program(media_type: str) -> bool:
    """Whether content of this type is meant to be run.

    Args:
        media_type: By content.

    Returns:
        True for executables, packages and scripts with an interpreter line.
    """
    return family(media_type) in {"text/javascript", "text/x-shellscript"} or media_type in {
        "application/x-program", "application/x-dosexec", "application/x-executable",
        "application/x-pie-executable", "application/x-sharedlib", "application/x-mach-binary",
        "application/vnd.microsoft.portable-executable", "application/java-archive",
        "application/vnd.android.package-archive", "application/x-msi",
    }  # fmt: skip


def mismatch(content: str, declared: str | None) -> bool:
    """Whether the promised type and the content differ in kind.

    Args:
        content: Type by content.
        declared: Type by name or by the browser, or None.

    Returns:
        True only if both say something and it is not compatible.
    """
    if declared is None or family(declared) in {"application/octet-stream", ""}:
        return False
    if family(declared) == "application/x-program":
        return not is_program(content) and family(content) != "text"
    return family(declared) != family(content)
