"""Reads a multipart/form-data body as a stream: text into memory, files into sinks, never to disk.

Werkzeug's own reader spools files in clear to a temporary file, treats a file without a name as
no file, and refuses names that are not UTF-8; phones send both. Its decoder also keeps a carriage
return that belongs to the boundary when a read ends right after ``--boundary-`` (3.1.9), which
would change a file by one byte; `Decoder` finds the boundary itself for that reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from werkzeug.sansio.multipart import State as DecoderState

from portal.web.filenames import clean_name
from portal.web.part_head import PartHead, read_head

READ_SIZE = 1 << 20
MAX_HEAD = 64 << 10
MAX_BOUNDARY = 200
# Blanks that may follow a boundary on its line; more than this is not a boundary of a browser.
_BOUNDARY_PADDING = 64

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Stream(Protocol):
    """Where the body comes from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""


class FileSink(Protocol):
    """Where the bytes of one file go."""

    def write(self, data: bytes, /) -> object:
        """Takes the next bytes; may raise `FileRefused` to drop the rest of this file."""

    def finish(self) -> object:
        """Ends the file; what it returns becomes `FileOutcome.result`."""

    def abort(self) -> None:
        """Forgets what was written."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one body may hold; sizes in bytes, None for no limit."""

    max_file_size: int | None = None
    max_body: int | None = None
    max_form_memory_size: int = 4 << 20
    max_fields_memory: int = 16 << 20
    max_form_parts: int = 5000


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file about to be received, with the text fields that came before it."""

    field: str
    name: str
    raw_name: bytes
    declared_type: str | None
    fields: MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file: a result of its sink, or the reason it was not kept."""

    field: str
    name: str
    declared_type: str | None
    size: int
    result: Any = None
    error: FileRefused | None = None


@dataclass(slots=True)
class Form:
    """Everything that arrived whole."""

    fields: MultiDict[str, str] = field(default_factory=MultiDict)
    files: list[FileOutcome] = field(default_factory=list)


class FileRefused(Exception):
    """One file is not kept; the others go on."""


class FileTooLarge(FileRefused):
    """The file is over `Limits.max_file_size`."""


class FileEmpty(FileRefused):
    """The file has a name but no bytes."""


class FileBrokenOff(FileRefused):
    """The connection ended inside this file."""


class FormError(Exception):
    """The body as a whole cannot be used; `form` holds what arrived whole before that."""

    def __init__(self, message: str, form: Form) -> None:
        super().__init__(message)
        self.form = form


class BrokenUpload(FormError):
    """The body ended early, came too slowly, or is no multipart/form-data."""


class FormTooLarge(FormError):
    """The body passes a limit; the rest of it was not read."""


class Decoder(MultipartDecoder):
    """Werkzeug's decoder with headers read as bytes and boundaries found at any split."""

    head: PartHead | None = None

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        head = read_head(bytes(data))
        self.head = head
        kind = "" if head.raw_name is None else '; filename="f"'
        return Headers([("Content-Disposition", f'form-data; name="f"{kind}')])

    def _parse_data(self, data: bytes | bytearray, *, start: bool) -> tuple[bytes, int, bool]:
        begin = 0
        if start and (line_end := _LINE_END.match(data)):
            begin = line_end.end()
        found = data.find(b"--" + self.boundary)
        match = self.boundary_re.search(data, max(0, found - 2)) if found >= 0 else None
        if match is None:
            end = max(begin, self._held_back(data))
            return _slice(data, begin, end), end, True
        last = match.group(1).startswith(b"--")
        self.state = DecoderState.EPILOGUE if last else DecoderState.PART
        return _slice(data, begin, match.start()), match.end(), False

    def _held_back(self, data: bytes | bytearray) -> int:
        """Where a boundary that is still incomplete might begin; its length if nowhere."""
        tail = max(0, len(data) - len(self.boundary) - _BOUNDARY_PADDING)
        if tail and data[tail - 1 : tail + 1] == b"\r\n":
            tail -= 1
        breaks = [at for at in (data.find(b"\r", tail), data.find(b"\n", tail)) if at >= 0]
        return min(breaks, default=len(data))


def _slice(data: bytes | bytearray, begin: int, end: int) -> bytes:
    with memoryview(data) as view:
        return bytes(view[begin:end])


class _FileInProgress:
    """One file part: opens its sink at the first byte, counts, and remembers a refusal."""

    def __init__(
        self, part: FilePart, on_file: Callable[[FilePart], FileSink], limit: int | None
    ) -> None:
        self._part = part
        self._on_file = on_file
        self._limit = limit
        self._sink: FileSink | None = None
        self._error: FileRefused | None = None
        self._size = 0

    def write(self, data: bytes) -> None:
        """Pass bytes on; after a refusal they are only counted, so that later files succeed."""
        self._size += len(data)
        if self._error is not None or not data:
            return
        try:
            if self._limit is not None and self._size > self._limit:
                raise FileTooLarge(self._part.name)
            if self._sink is None:
                self._sink = self._on_file(self._part)
            self._sink.write(data)
        except FileRefused as error:
            self.abort(error)

    def abort(self, error: FileRefused | None = None) -> None:
        """Drop what the sink holds."""
        sink, self._sink, self._error = self._sink, None, self._error or error
        if sink is not None:
            sink.abort()

    def finish(self) -> FileOutcome | None:
        """The outcome; None where a browser sent an empty file input."""
        result = None
        if self._size == 0:
            if not self._part.raw_name:
                return None
            self._error = self._error or FileEmpty(self._part.name)
        if self._sink is not None:
            try:
                result = self._sink.finish()
                self._sink = None
            except FileRefused as error:
                self.abort(error)
        part = self._part
        return FileOutcome(
            part.field, part.name, part.declared_type, self._size, result, self._error
        )


class _TextInProgress:
    """One text field."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = bytearray()

    def text(self) -> str:
        """The field's text; bytes that are not UTF-8 become a visible replacement."""
        return self.data.decode("utf-8", "replace")


class _Reader:
    """Turns decoder events into a `Form`."""

    def __init__(self, on_file: Callable[[FilePart], FileSink], limits: Limits) -> None:
        self.form = Form()
        self._on_file = on_file
        self._limits = limits
        self._memory = 0
        self._current: _FileInProgress | _TextInProgress | None = None

    def take(self, event: Event, head: PartHead | None) -> None:
        """Handle one event."""
        if isinstance(event, (Field, File)) and head is not None:
            self._begin(head)
        elif isinstance(event, Data):
            self._data(event.data)
            if not event.more_data:
                self._end()

    def _begin(self, head: PartHead) -> None:
        if head.raw_name is None:
            self._current = _TextInProgress(head.field)
            return
        part = FilePart(
            head.field,
            clean_name(head.raw_name),
            head.raw_name,
            head.declared_type,
            self.form.fields,
        )
        self._current = _FileInProgress(part, self._on_file, self._limits.max_file_size)

    def _data(self, data: bytes) -> None:
        if isinstance(self._current, _FileInProgress):
            self._current.write(data)
        elif self._current is not None:
            self._memory += len(data)
            self._current.data += data
            if (
                len(self._current.data) > self._limits.max_form_memory_size
                or self._memory > self._limits.max_fields_memory
            ):
                raise FormTooLarge("a text field is too long", self.form)

    def _end(self) -> None:
        if isinstance(self._current, _FileInProgress):
            outcome = self._current.finish()
            if outcome is not None:
                self.form.files.append(outcome)
        elif self._current is not None:
            self.form.fields.add(self._current.name, self._current.text())
        self._current = None

    def break_off(self) -> None:
        """Drop the part that was being received and say so in the form."""
        current, self._current = self._current, None
        if isinstance(current, _FileInProgress):
            current.abort(FileBrokenOff())
            outcome = current.finish()
            if outcome is not None:
                self.form.files.append(outcome)


def read_form(
    stream: Stream,
    content_type: str,
    content_length: int | None,
    *,
    on_file: Callable[[FilePart], FileSink],
    limits: Limits,
) -> Form:
    """Read a whole multipart/form-data body.

    ``on_file`` is called at the first byte of each file, with the fields before it; it may
    raise `FileRefused` to skip that file, or anything else to stop reading altogether.

    Raises:
        BrokenUpload: the body is cut off, too slow or not multipart/form-data.
        FormTooLarge: too many parts, too long a field, or more than ``limits.max_body``.
    """
    reader = _Reader(on_file, limits)
    decoder = Decoder(_boundary(content_type, reader.form), max_parts=limits.max_form_parts)
    if content_length is not None and _over(content_length, limits):
        raise FormTooLarge("the body is too large", reader.form)
    try:
        received = 0
        for chunk in _chunks(stream, content_length, reader.form):
            received += len(chunk)
            if _over(received, limits):
                raise FormTooLarge("the body is too large", reader.form)
            decoder.receive_data(chunk)
            _take_events(decoder, reader)
        decoder.receive_data(None)
        _take_events(decoder, reader)
    finally:
        reader.break_off()
    return reader.form


def _over(size: int, limits: Limits) -> bool:
    return limits.max_body is not None and size > limits.max_body


def _boundary(content_type: str, form: Form) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary.isascii():
        raise BrokenUpload("not multipart/form-data", form)
    if not 1 <= len(boundary) <= MAX_BOUNDARY:
        raise BrokenUpload("no usable boundary", form)
    return boundary.encode()


def _chunks(stream: Stream, length: int | None, form: Form) -> Iterator[bytes]:
    """The body in pieces, up to its declared length or its end."""
    left = length
    while left is None or left > 0:
        try:
            chunk = stream.read(READ_SIZE if left is None else min(READ_SIZE, left))
        except OSError as error:
            raise BrokenUpload("the body ended early", form) from error
        if not chunk:
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def _take_events(decoder: Decoder, reader: _Reader) -> None:
    """Hand every complete event to the reader; heads and preambles may not grow without end."""
    while True:
        if decoder.state is DecoderState.EPILOGUE:
            decoder.buffer.clear()
        event = _next_event(decoder, reader.form)
        if isinstance(event, (NeedData, Epilogue)):
            break
        reader.take(event, decoder.head)
    between_parts = decoder.state in {DecoderState.PREAMBLE, DecoderState.PART}
    if between_parts and len(decoder.buffer) > MAX_HEAD:
        raise BrokenUpload("no boundary where one was expected", reader.form)


def _next_event(decoder: Decoder, form: Form) -> Event:
    try:
        return decoder.next_event()
    except RequestEntityTooLarge as error:
        raise FormTooLarge("too many parts", form) from error
    except ValueError as error:
        raise BrokenUpload("the body ended early", form) from error
