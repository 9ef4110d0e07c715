"""The printed dossier: complete, verbatim, accessible, the same each time."""

import io
import re
import subprocess
from datetime import timedelta

import pikepdf
import pytest
from PIL import Image

from evidence_store.inspect.sandbox import Outcome
from portal.dossier import (
    Check,
    DossierError,
    Entry,
    Exhibit,
    ListItem,
    QuestionAnswer,
    Statement,
    render,
    render_dossier,
)
from tests.dossier.sample_dossier import FINGERPRINT, exhibit, sample


def picture(width: int = 740, height: int = 1600, **options: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 30).convert("RGB").save(out, "JPEG", **options)
    return out.getvalue()


def text_of(pdf: bytes) -> str:
    """Extract the text; white space is folded, for lines break where they like."""
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return re.sub(r"\s+", " ", done.stdout.decode())


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_dossier(sample(), images={"B1": picture(), "B2": picture(1600, 1200)})


def test_it_is_archival_accessible_and_without_programs(pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        metadata = document.open_metadata()
        assert metadata["pdfaid:part"] == "3"
        assert metadata["pdfaid:conformance"] == "A"
        assert metadata["pdfuaid:part"] == "1"
        root = document.Root
        assert str(root.Lang).startswith("nl")
        assert root.MarkInfo.Marked
        assert root.ViewerPreferences.DisplayDocTitle
        assert "/StructTreeRoot" in root
        assert "/OutputIntents" in root
        assert "/JavaScript" not in root.get("/Names", pikepdf.Dictionary())
        assert document.docinfo["/Title"] == sample().title
        figures = [o for o in document.objects if _is_figure(o)]
        assert [str(figure.Alt) for figure in figures] == [
            "Weergave van B1: schermafdruk van een groepsgesprek",
            "Weergave van B2: fietsenstalling",
        ]


def _is_figure(thing: object) -> bool:
    return isinstance(thing, pikepdf.Dictionary) and thing.get("/S") == "/Figure"


def test_qpdf_finds_nothing_wrong(pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.check_pdf_syntax() == []


def test_every_part_stands_in_it(pdf: bytes) -> None:
    text, dossier = text_of(pdf), sample()
    for words in (
        dossier.title, dossier.lead, dossier.school, dossier.author, "17 november 2026, 14.22 uur",
        "Zaak 26-019", "versie 1", "pakket 9C41 E07A 55B2 1F80", "1 van 3", "3 van 3",
        "Ontbreekt handtekening van de tweede ouder", "Niet gezien door een getuige.",
        "adres ontbreekt", "belaging, klacht nodig", "Geen oordeel van de school.",
        "1,4 MB (1.412.009 bytes)", "03-11-2026 20:41:08 +01:00", "Bevat een plaatsbepaling",
        "Pakket gemaakt", "sha256sum -c manifest-sha256.txt", "(van horen zeggen)",
        "Niet ingevuld",
    ):  # fmt: skip
        assert words in text, words
    for item in dossier.exhibits:
        assert item.sha256 in squeezed(text)
    assert FINGERPRINT in text
    assert "openssl cms -verify -binary -inform DER" in text


def test_facts_stand_in_the_order_of_the_police_list(pdf: bytes) -> None:
    text = text_of(pdf)
    heads = (
        "Data en (exacte) tijdstippen", "E-mail- en internetadressen",
        "Gebruikersnaam en nickname(s)", "Prints van chatlogs", "Bewaarde sms-",
        "Schermafdrukken",
    )  # fmt: skip
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    facts = [text.index(f"2.{number} ") for number in range(1, 6)]
    assert facts == sorted(facts)
    assert "instagram.com/p/Dk2vR8qLm/?utm_source=ig_web_copy_link&x=1" in squeezed(text)


def test_videos_have_a_line_of_their_own_where_there_are(pdf: bytes) -> None:
    assert "Video’s" not in text_of(pdf)
    with_one = sample(police_list={ListItem.VIDEOS: (Entry("fietsenstalling.mp4", "B4"),)})
    text = text_of(render_dossier(with_one, images={}))
    assert text.index("Schermafdrukken") < text.index("Video’s") < text.index("fietsenstalling.mp4")


def test_an_account_is_verbatim_and_never_markup() -> None:
    said = (
        '#read("/etc/passwd") *b* $x$ <b> @label \\ #import "@preview/x:1.0.0" [a] `c` // d -- "e"'
    )
    part = QuestionAnswer("Wat is er *gebeurd*?", said)
    dossier = sample(title=said, statements=(Statement(said, said, (part,)),))
    text = text_of(render_dossier(dossier, images={}))
    assert text.count(said) >= 3
    assert "Wat is er *gebeurd*?" in text
    assert "root:" not in text


def test_the_same_dossier_gives_the_same_bytes() -> None:
    images = {"B1": picture()}
    once, twice = (render_dossier(sample(), images=images) for _ in range(2))
    assert once == twice
    later = sample(created=sample().created + timedelta(hours=1))
    assert render_dossier(later, images=images) != once


def test_an_empty_dossier_is_set_and_says_what_is_missing() -> None:
    empty: dict[str, object] = dict.fromkeys(
        ("title", "lead", "case_label", "school", "author", "packet_fingerprint"), ""
    )
    empty |= dict.fromkeys(
        ("parties", "facts", "exhibits", "custody", "statements", "accounts", "articles"), ()
    )
    dossier = sample(**empty, police_list={}, check=Check(folder="", commands=()))
    text = text_of(render_dossier(dossier, images={}))
    assert text.count("Ontbreekt") == 6
    assert "Bij dit dossier horen geen bestanden." in text


def test_our_own_words_accuse_nobody() -> None:
    bare: dict[str, object] = dict.fromkeys(("parties", "facts", "statements", "articles"), ())
    words = text_of(render_dossier(sample(**bare, title="Zaak", lead=""), images={})).lower()
    for word in ("dader", "slachtoffer", "schuldig", "strafbaar", "misdrijf", "bedreiging"):
        assert word not in words


def test_a_long_dossier_counts_its_pages_and_repeats_table_heads() -> None:
    exhibits = tuple(exhibit(n, f"IMG_{n:04}.jpg", "Foto (JPEG)", n * 1000) for n in range(1, 121))
    pdf = render_dossier(sample(exhibits=exhibits), images={})
    with pikepdf.open(io.BytesIO(pdf)) as document:
        pages = len(document.pages)
    text = text_of(pdf)
    assert pages > 7
    assert f"{pages} van {pages}" in text
    assert text.count("Bestand, zoals ontvangen") > 4


def test_long_addresses_and_names_stay_on_the_page() -> None:
    address = "https://voorbeeld.example/" + "a1b2c3d4" * 60
    name = "W" * 300 + ".jpg"
    item = Exhibit("B1", name, "Foto", 1, sample().created, "ab" * 32)
    dossier = sample(
        exhibits=(item,), police_list={ListItem.ADDRESSES: (Entry(address, "B1", mono=True),)}
    )
    pdf = render_dossier(dossier, images={})
    assert address in squeezed(text_of(pdf))
    boxes = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    right = [float(edge) for edge in re.findall(r'xMax="([\d.]+)"', boxes)]
    assert max(right) < 595 - 45


def test_bad_pictures_are_left_out_and_named() -> None:
    text = text_of(
        render_dossier(sample(), images={"B1": b"no picture", "B2": picture(), "B99": picture()})
    )
    assert "Niet afgedrukt B1. Bekijk de originele bestanden" in text
    assert "SHA-256 van het origineel" in text


def test_a_picture_that_breaks_the_typesetter_does_not_stop_the_dossier() -> None:
    whole = picture()
    broken = whole[:200] + b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03" + bytes(50)
    text = text_of(render_dossier(sample(), images={"B1": broken}))
    assert "26-019" in text


def test_pictures_beyond_the_budget_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    one = picture()
    monkeypatch.setattr(render, "IMAGE_BUDGET", len(one) + 10)
    text = text_of(render_dossier(sample(), images={"B1": one, "B2": one}))
    assert "Niet afgedrukt B2" in text


def test_when_nothing_helps_the_error_tells_no_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "run_child", lambda *_args: Outcome(fault="crash"))
    with pytest.raises(DossierError) as caught:
        render_dossier(sample(), images={})
    assert str(caught.value) == "dossier was not made (crash)"


def test_pictures_that_burst_the_memory_give_way_to_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []
    real = render.run_child

    def small(module: str, job: dict[str, list[object]], *rest: object) -> Outcome:
        tried.append(len(job["images"]))
        if job["images"]:
            return Outcome(fault="memory")
        return real(module, job, *rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(render, "run_child", small)
    assert "Niet afgedrukt B1" in text_of(render_dossier(sample(), images={"B1": picture()}))
    assert tried == [1, 0]
