"""What a file tells of its sender, and the copies that do not."""

import io
import zipfile

import pytest
from PIL import Image

from evidence_store.errors import InspectError
from evidence_store.inspect import describe, make_cleaned
from evidence_store.inspect.sandbox import BytesSource
from portal.demo import samples
from tests import samples as hostile

ANDROID = (
    "12-11-2026 21:05 - Berichten zijn end-to-end versleuteld.\n"
    "12-11-2026 21:06 - Luna de Vries: waar ben je\n"
    "12-11-2026 21:07 - Sem: gaat je niks aan, luna\n"
    "12-11-2026 21:08 - Luna de Vries: @Sem doe niet zo\n"
)
IPHONE = (
    "\u200e[12-11-2026, 21:06:01] Luna de Vries: waar ben je\r\n"
    "[12-11-2026, 21:07:44] ~\u00a0Sem: gaat je niks aan\r\n"
)
BOTH = ["Luna de Vries", "Sem"]


def facts(data, name):
    return describe(BytesSource(data), name=name)["facts"]


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "name", "exporter"),
    [
        (ANDROID, "WhatsApp-chat met Sem.txt", "Luna de Vries"),
        (IPHONE, "Czat WhatsApp z Luna de Vries.txt", "Sem"),
        ("\ufeff" + ANDROID, "export.txt", None),
    ],
)
def test_a_chat_export_names_who_speaks_and_whose_phone_it_is(text, name, exporter):
    told = facts(text.encode(), name)
    assert (told["chat_participants"], told.get("chat_exporter")) == (BOTH, exporter)


def test_a_zipped_export_is_read_at_its_beginning():
    long = ANDROID + "12-11-2026 21:09 - Sem: en nog iets\n" * 20_000
    told = facts(zipped(_chat__txt=long), "WhatsApp Chat - Sem.zip")
    assert (told["chat_participants"], told["chat_exporter"]) == (BOTH, "Luna de Vries")
    assert "chat_participants" not in facts(zipped(notes__txt="een: twee\n"), "a.zip")


@pytest.mark.parametrize("data", [b"een: twee\ndrie: vier\n", b"12:00 - hoi\n", b"\xff" * 400])
def test_other_texts_name_nobody(data):
    assert facts(data, "met Sem.txt") == {}


def test_the_author_of_a_document():
    pdf = samples.pdf().replace(b"/Type /Catalog", b"/Author (Fenna \\(2B\\)) /Type /Catalog")
    assert facts(pdf, "a.pdf")["author"] == "Fenna (2B)"
    wide = "Łucja".encode("utf-16-be").hex().encode()
    hexed = samples.pdf().replace(b"/Type /Catalog", b"/Author <FEFF" + wide + b"> /Type /Catalog")
    assert facts(hexed, "a.pdf")["author"] == "Łucja"
    core = "<a><dc:creator>Fenna</dc:creator><cp:lastModifiedBy>Opa</cp:lastModifiedBy></a>"
    out = io.BytesIO(hostile.office())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/core.xml", core)
    assert facts(out.getvalue(), "a.docx")["author"] == "Fenna, Opa"
    picture = io.BytesIO()
    exif = Image.Exif()
    exif[0x013B] = "Fenna de Boer"
    Image.new("RGB", (40, 40)).save(picture, "JPEG", exif=exif)
    assert facts(picture.getvalue(), "a.jpg")["author"] == "Fenna de Boer"


@pytest.mark.parametrize("data", [hostile.zip_bomb(1), hostile.zip_with_paths(), hostile.office()])
def test_hostile_and_bare_archives_tell_nothing_and_break_nothing(data):
    assert not facts(data, "a.zip").get("chat_participants")


def test_a_cleaned_picture_has_pixels_and_nothing_else():
    made = make_cleaned(BytesSource(samples.jpeg()), media_type="image/jpeg")
    image = Image.open(io.BytesIO(made.data))
    assert (image.size, image.info.get("exif"), len(image.getexif())) == ((1600, 1200), None, 0)
    for trace in (b"Exif", b"Voorbeeld", b"GPS", b"xmp"):
        assert trace not in made.data
    assert (made.media_type, made.tool) == ("image/jpeg", "evidence_store.inspect")


def test_a_large_picture_is_made_smaller_but_stays_readable():
    big = io.BytesIO()
    Image.new("RGB", (4000, 1000)).save(big, "PNG")
    made = make_cleaned(BytesSource(big.getvalue()), media_type="image/png")
    assert Image.open(io.BytesIO(made.data)).size == (2000, 500)


@pytest.mark.parametrize("text", [ANDROID, IPHONE])
def test_a_cleaned_chat_keeps_every_line_and_one_name_less(text):
    source = BytesSource(text.encode())
    made = make_cleaned(source, media_type="text/plain", conceal=["Luna de Vries"])
    words = made.data.decode()
    assert "luna" not in words.lower()
    assert "[melder]: waar ben je" in words
    assert "Sem: gaat je niks aan" in words
    assert len(words.splitlines()) == len(text.splitlines())


def test_a_name_inside_another_word_stays():
    source = BytesSource(b"Tom: ook Tomas en tomaat, zei tom\n")
    made = make_cleaned(source, media_type="text/plain", conceal=["Tom"])
    assert made.data == b"[melder]: ook Tomas en tomaat, zei [melder]\n"


def test_a_cleaned_mail_has_no_technical_headers_and_no_receiver():
    mail = samples.mail()
    source = BytesSource(mail)
    plain = make_cleaned(source, media_type="message/rfc822").data.decode()
    assert "Received" not in plain
    assert "To:" not in plain
    told = facts(mail, "a.eml")
    concealed = make_cleaned(source, media_type="message/rfc822", conceal=[told["mail_to"]])
    assert "To: [melder]" in concealed.data.decode()
    assert told["mail_to"] not in concealed.data.decode()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (ANDROID.encode(), "text/plain"),
        (samples.pdf(), "application/pdf"),
        (samples.video(), "video/mp4"),
        (hostile.zip_with_paths(), "application/zip"),
        (b"a" * (2 << 20) + b"b", "text/plain"),
    ],
)
def test_no_copy_where_it_would_hide_nothing_or_cannot_be_made(data, media_type):
    conceal = ["a"] if len(data) > (2 << 20) else []
    with pytest.raises(InspectError):
        make_cleaned(BytesSource(data), media_type=media_type, conceal=conceal)
