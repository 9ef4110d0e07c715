"""The headers of one part of a form, read as bytes: phones send names that are not UTF-8."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Browsers write a quote in a name as %22, curl as \"; a backslash before the closing quote
# belongs to the name. So a value ends at a quote that is followed by ";" or the end.
_PARAMETER = re.compile(
    rb";[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*"
    rb'(?:"((?:\\"|[^"])*)"(?=[ \t]*(?:;|$))|([^;]*))',
)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_CONTINUATION = re.compile(rb"(?:\r\n|\n|\r)[ \t]")


@dataclass(frozen=True, slots=True)
class PartHead:
    """The headers of one part; `raw_name` is None for a text field."""

    field: str
    raw_name: bytes | None
    declared_type: str | None


def read_head(block: bytes) -> PartHead:
    """Read the header lines of a part; what is malformed is passed over."""
    headers: dict[bytes, bytes] = {}
    for line in _LINE_END.split(_CONTINUATION.sub(b" ", block)):
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    parameters = {
        key.lower(): quoted.replace(b'\\"', b'"') or bare.strip()
        for key, quoted, bare in _PARAMETER.findall(headers.get(b"content-disposition", b""))
    }
    declared = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
    raw_name = parameters.get(b"filename", parameters.get(b"filename*"))
    if raw_name is not None:
        raw_name = raw_name.replace(b"%22", b'"').replace(b"%0D", b"\r").replace(b"%0A", b"\n")
    elif declared and not declared.lower().startswith("text/"):
        raw_name = b""  # a typed part is a file, also when its name got lost on the way
    field_name = parameters.get(b"name", b"").decode("utf-8", "replace")
    return PartHead(field_name, raw_name, declared[:255] or None)
