"""The streaming form reader: byte-exact files, honest names, and nothing lost by one bad part."""

import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.filenames import clean_name
from portal.web.multipart import (
    BrokenUpload,
    FileBrokenOff,
    FileEmpty,
    FilePart,
    FileRefused,
    FileTooLarge,
    Form,
    FormTooLarge,
    Limits,
    read_form,
)

BOUNDARY = "----WebKitFormBoundaryA1b2C3d4E5f6G7h8"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass
class Sinks:
    """Sinks that keep everything in memory and remember what was aborted."""

    parts: list[FilePart] = field(default_factory=list)
    seen_fields: list[dict[str, str]] = field(default_factory=list)
    aborted: int = 0

    def open(self, part: FilePart) -> "Sink":
        self.parts.append(part)
        self.seen_fields.append(part.fields.to_dict())
        return Sink(self)


class Sink:
    def __init__(self, sinks: Sinks) -> None:
        self.sinks = sinks
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def finish(self) -> bytes:
        return self.data

    def abort(self) -> None:
        self.sinks.aborted += 1


class Slices:
    """A stream that gives at most ``step`` bytes a read, as a network does."""

    def __init__(self, data: bytes, step: int = 1 << 20) -> None:
        self.source = io.BytesIO(data)
        self.step = step

    def read(self, size: int, /) -> bytes:
        return self.source.read(min(size, self.step))


def text_part(name: str, value: str) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def file_part(name: bytes, data: bytes, *, field_name: str = "file") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field_name}"; filename="'
    return head.encode() + name + b'"\r\nContent-Type: image/jpeg\r\n\r\n' + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def read(
    body: bytes, *, step: int = 1 << 20, limits: Limits | None = None, sinks: Sinks | None = None
) -> Form:
    sinks = sinks or Sinks()
    return read_form(
        Slices(body, step),
        CONTENT_TYPE,
        len(body),
        on_file=sinks.open,
        limits=limits or Limits(),
    )


def test_fields_come_before_files_are_opened() -> None:
    sinks = Sinks()
    body = text_part("token", "abc") + file_part(b"a.jpg", b"x") + text_part("late", "1") + END
    form = read(body, sinks=sinks)
    assert sinks.seen_fields == [{"token": "abc"}]
    assert form.fields.to_dict() == {"token": "abc", "late": "1"}
    assert [(file.name, file.result) for file in form.files] == [("a.jpg", b"x")]


def holds_no_boundary(data: bytes) -> bool:
    """A browser picks a boundary that its files do not hold at the start of a line."""
    lines = data.replace(b"\r", b"\n").split(b"\n")
    return not any(line.startswith(b"--" + BOUNDARY.encode()) for line in lines)


PIECES = [b"\r", b"\n", b"-", b"--" + BOUNDARY.encode(), b"\r\n--", b"x"]


@given(
    data=st.one_of(
        st.binary(min_size=1, max_size=300),
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map(b"".join),
    ).filter(holds_no_boundary),
    step=st.integers(1, 80),
)
def test_files_are_byte_exact_however_the_network_cuts_them(data: bytes, step: int) -> None:
    form = read(file_part(b"a.jpg", data) + text_part("last", "1") + END, step=step)
    assert form.files[0].result == data
    assert form.fields["last"] == "1"


def test_no_split_of_the_body_changes_a_file() -> None:
    body = file_part(b"a.jpg", b"HELLO") + END
    for cut in range(1, len(body)):
        assert read(body, step=cut).files[0].result == b"HELLO", cut


def test_a_file_over_the_limit_is_dropped_and_the_next_one_kept() -> None:
    sinks = Sinks()
    body = file_part(b"big.mov", b"y" * 5000) + file_part(b"small.jpg", b"z" * 10) + END
    form = read(body, step=700, limits=Limits(max_file_size=1000), sinks=sinks)
    assert isinstance(form.files[0].error, FileTooLarge)
    assert form.files[0].size == 5000
    assert form.files[1].result == b"z" * 10
    assert sinks.aborted == 1


def test_a_sink_may_refuse_one_file() -> None:
    def choosy(part: FilePart) -> Sink:
        if part.name == "no.jpg":
            raise FileRefused("quota")
        return Sink(Sinks())

    body = file_part(b"no.jpg", b"1") + file_part(b"yes.jpg", b"2") + END
    form = read_form(io.BytesIO(body), CONTENT_TYPE, None, on_file=choosy, limits=Limits())
    assert [file.result for file in form.files] == [None, b"2"]
    assert isinstance(form.files[0].error, FileRefused)


def test_any_other_error_of_a_sink_stops_the_upload_and_aborts_the_file() -> None:
    class Full(Sink):
        def write(self, data: bytes) -> None:
            raise OSError(28, "disk full")

    sinks = Sinks()
    body = file_part(b"a.jpg", b"1") + END
    with pytest.raises(OSError, match="disk full"):
        read_form(
            io.BytesIO(body), CONTENT_TYPE, None, on_file=lambda _: Full(sinks), limits=Limits()
        )
    assert sinks.aborted == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_broken_off_body_tells_what_was_complete(share: float) -> None:
    sinks = Sinks()
    first = text_part("story", "verhaal") + file_part(b"one.jpg", b"1" * 400)
    second = file_part(b"two.jpg", b"2" * 4000)
    cut = len(first) + int(len(second) * max(share, 0.05))
    with pytest.raises(BrokenUpload) as caught:
        read((first + second)[:cut], step=100, sinks=sinks)
    form = caught.value.form
    assert form.fields["story"] == "verhaal"
    assert form.files[0].result == b"1" * 400
    assert isinstance(form.files[1].error, FileBrokenOff)
    assert sinks.aborted == 1


def test_a_connection_that_fails_counts_as_broken_off() -> None:
    class Lost(Slices):
        def read(self, size: int, /) -> bytes:
            data = super().read(size)
            if not data:
                raise ConnectionResetError
            return data

    with pytest.raises(BrokenUpload) as caught:
        read_form(
            Lost(text_part("a", "1") + file_part(b"x", b"12"), 50),
            CONTENT_TYPE,
            9999,
            on_file=Sinks().open,
            limits=Limits(),
        )
    assert caught.value.form.fields["a"] == "1"


def test_an_empty_file_input_is_no_file_but_bytes_without_a_name_are() -> None:
    form = read(file_part(b"", b"") + file_part(b"", b"bytes") + END)
    assert [(file.name, file.result) for file in form.files] == [("zonder naam", b"bytes")]


def test_a_named_file_without_bytes_is_reported_as_empty() -> None:
    sinks = Sinks()
    form = read(file_part(b"leeg.jpg", b"") + END, sinks=sinks)
    assert isinstance(form.files[0].error, FileEmpty)
    assert sinks.parts == []


def test_a_typed_part_without_a_file_name_is_a_file() -> None:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: '
    photo = head.encode() + b"image/heic\r\n\r\nheic\r\n"
    text = head.encode() + b"text/plain; charset=utf-8\r\n\r\ntekst\r\n"
    form = read(photo + text + END)
    assert form.files[0].result == b"heic"
    assert form.fields["file"] == "tekst"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"foto 1.jpg", "foto 1.jpg"),
        (
            "klas \U0001f468\u200d\U0001f469\u200d\U0001f467.jpg".encode(),
            "klas 👨\u200d👩\u200d👧.jpg",
        ),
        (b"caf\xe9.jpg", "caf\\xe9.jpg"),
        ("foto\u202egpj.exe".encode(), "foto[U+202E]gpj.exe"),
        (b"a\x00b.jpg", "a[U+0000]b.jpg"),
        (b"a\r\nb.jpg", "a[U+000D][U+000A]b.jpg"),
        (b"../../etc/passwd", ".._.._etc_passwd"),
        (b"C:\\fotos\\klas.png", "C:_fotos_klas.png"),
        ("café.jpg".encode(), "café.jpg"),
        (b"  ", "zonder naam"),
        (b"", "zonder naam"),
    ],
)
def test_names_are_shown_honestly(raw: bytes, shown: str) -> None:
    assert clean_name(raw) == shown


def test_long_names_keep_their_beginning_and_extension() -> None:
    shown = clean_name("ë" * 300 + ".jpeg")
    assert shown.startswith("ëëë")
    assert shown.endswith("….jpeg")
    assert len(shown.encode()) <= 255


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_shown_names_never_break_a_line_or_hold_a_separator(raw: bytes | str) -> None:
    shown = clean_name(raw)
    assert shown
    assert not set(shown) & set("\r\n\x00/\u202e")
    assert len(shown.encode()) <= 255


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'filename="a\\"', "a_"),
        (b'filename="a\\"b.jpg"', 'a"b.jpg'),
        (b'filename="a%22b.jpg"', 'a"b.jpg'),
        (b'filename="a;b.jpg"', "a;b.jpg"),
        (b"filename=plain.jpg", "plain.jpg"),
        (b"filename*=UTF-8''a%20b.jpg", "UTF-8''a%20b.jpg"),
    ],
)
def test_odd_dispositions_keep_the_name(disposition: bytes, name: str) -> None:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; '.encode()
    form = read(head + disposition + b"\r\n\r\nx\r\n" + END)
    assert form.files[0].name == name


def test_headers_cannot_be_injected_through_a_name() -> None:
    evil = b'x"\r\nContent-Disposition: form-data; name="token"\r\n\r\nforged'
    form = read(file_part(evil, b"data") + END)
    assert "token" not in form.fields


def test_a_repeated_boundary_and_folded_headers_do_no_harm() -> None:
    folded = (
        f"--{BOUNDARY}\r\n--{BOUNDARY}\r\nContent-Disposition: form-data;\r\n"
        ' name="a"\r\n\r\nwaarde\r\n'
    ).encode()
    assert read(folded + END).fields["a"] == "waarde"


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 300,
        "multipart/form-data; boundary=é",
        "text/plain",
        "",
    ],
)
def test_a_body_without_a_usable_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(BrokenUpload):
        read_form(io.BytesIO(END), content_type, None, on_file=Sinks().open, limits=Limits())


def test_a_misleading_boundary_does_not_fill_memory() -> None:
    source = Slices(b"x" * (4 << 20))
    with pytest.raises(BrokenUpload):
        read_form(source, CONTENT_TYPE, None, on_file=Sinks().open, limits=Limits())
    assert source.source.tell() <= 2 << 20


def test_an_endless_part_head_is_refused() -> None:
    body = f"--{BOUNDARY}\r\nX-Filler: ".encode() + b"y" * (4 << 20)
    with pytest.raises(BrokenUpload):
        read(body)


def test_two_thousand_files_pass_and_too_many_parts_do_not() -> None:
    many = b"".join(file_part(f"{n}.jpg".encode(), b"x") for n in range(2000)) + END
    assert len(read(many).files) == 2000
    with pytest.raises(FormTooLarge) as caught:
        read(many, limits=Limits(max_form_parts=100))
    assert len(caught.value.form.files) == 100


def test_a_story_of_200000_emoji_passes_and_a_field_over_the_limit_does_not() -> None:
    story = "😀" * 200_000
    assert read(text_part("story", story) + END).fields["story"] == story
    with pytest.raises(FormTooLarge):
        read(text_part("story", "x" * 5000) + END, limits=Limits(max_form_memory_size=4096))


def test_many_fields_together_stay_within_memory() -> None:
    body = b"".join(text_part(f"f{n}", "x" * 1000) for n in range(20)) + END
    with pytest.raises(FormTooLarge):
        read(body, limits=Limits(max_fields_memory=10_000))


def test_a_declared_length_over_the_limit_is_refused_before_the_first_byte() -> None:
    source = Slices(b"x" * 100)
    with pytest.raises(FormTooLarge):
        read_form(source, CONTENT_TYPE, 100, on_file=Sinks().open, limits=Limits(max_body=99))
    assert source.source.tell() == 0


def test_a_body_without_declared_length_is_counted_while_it_comes() -> None:
    body = file_part(b"a.jpg", b"x" * 5000) + END
    with pytest.raises(FormTooLarge):
        read_form(
            Slices(body, 100),
            CONTENT_TYPE,
            None,
            on_file=Sinks().open,
            limits=Limits(max_body=1000),
        )


def test_repeated_fields_are_all_kept() -> None:
    form = read(text_part("class", "1A") + text_part("class", "1B") + END)
    assert form.fields.getlist("class") == ["1A", "1B"]
