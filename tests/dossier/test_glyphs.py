"""No text, however odd, may keep a dossier from being made."""

import re
import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.dossier import QuestionAnswer, Statement, glyphs, render, render_dossier
from portal.dossier.glyphs import Printable
from tests.dossier.sample_dossier import sample

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
EMOJI = f"{FAMILY} \U0001f1f3\U0001f1f1 \U0001f44d\U0001f3fd 1\ufe0f\u20e3"
KEPT = (
    "caf\xe9 Zo\xeb \u2019 € ş ł",
    "\u0644\u064a\u0644\u0649",
    EMOJI,
    "\U0001d4da\U0001d4ee\U0001d4ff",
    "e\u0301",
)
REPLACED = {
    "\u4f60": "[U+4F60]", "\ue000": "[U+E000]", "\x07": "[U+0007]", "\u202e": "[U+202E]",
    "\ud800": "[U+D800]", "\ufffe": "[U+FFFE]", "\U0010ffff": "[U+10FFFF]", "\ufeff": "[U+FEFF]",
    "\x00": "[U+0000]",
}  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_pupils_really_type_is_kept(text: str) -> None:
    printable = Printable()
    assert printable.text(text) == text
    assert not printable.replaced


@pytest.mark.parametrize("sign", REPLACED)
def test_what_cannot_be_drawn_is_shown_as_its_code(sign: str) -> None:
    printable = Printable()
    assert printable.text(f"{sign}a{sign}") == f"{REPLACED[sign]}a{REPLACED[sign]}"
    assert printable.replaced == {sign: 2}


def test_a_mark_without_its_letter_is_shown_as_its_code() -> None:
    assert Printable().text("\u0301a") == "[U+0301]a"


def test_line_ends_become_one_kind() -> None:
    assert Printable().text("a\r\nb\rc\u2028d\te\x0bf") == "a\nb\nc\nd e\nf"


def test_more_care_replaces_more() -> None:
    assert Printable(1).text("caf\xe9 e\u0301") == "caf\xe9 e[U+0301]"
    assert Printable(2).text("caf\xe9") == "caf[U+00E9]"


def test_replacements_are_listed_with_their_number() -> None:
    dossier = sample(lead="\u4f60\u597d \u4f60 \x07")
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"],
        input=render_dossier(dossier, images={}), capture_output=True, check=True,
    )  # fmt: skip
    text = re.sub(r"\s+", " ", done.stdout.decode())
    assert "[U+4F60][U+597D] [U+4F60] [U+0007]" in text
    assert "Vervangen tekens" in text
    assert "U+0007 (1×), U+4F60 (2×), U+597D (1×)" in text


def test_each_font_is_read_as_its_specimen_says() -> None:
    fonts = {p.stem: glyphs.font_coverage(p) for p in glyphs.FONTS.glob("*.ttf")}
    assert {0x41, 0xE9, 0x20AC, 0x15F} <= fonts["NotoSans-Regular"]
    assert 0x4F60 not in fonts["NotoSans-Regular"]
    assert {0x644, 0x649} <= fonts["NotoSansArabic-Regular"]
    assert {0x1F468, 0x1F1F3, 0x1F3FD, 0x200D} <= fonts["NotoColorEmoji"]
    assert {0x1D4DA} <= fonts["NotoSansMath-Regular"]
    assert fonts["NotoSans-Bold"] == fonts["NotoSans-Regular"]


def test_each_covered_character_really_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = watch_faults(monkeypatch)
    every = sorted(set().union(*glyphs.coverage()))
    drawn = [chr(p) for p in every if not unicodedata.category(chr(p)).startswith("M")]
    lines = ["".join(drawn[at : at + 400]) for at in range(0, len(drawn), 400)]
    parts = tuple(QuestionAnswer(" ".join(line), line) for line in lines)
    render_dossier(sample(statements=(Statement("Alles", "", parts),)), images={})
    assert len(drawn) > 6000
    assert faults == [None]


def watch_faults(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    faults: list[str | None] = []
    real = render.run_child

    def watched(*args: object) -> object:
        outcome = real(*args)  # type: ignore[arg-type]  # any field
        faults.append(outcome.fault)
        return outcome

    monkeypatch.setattr(render, "run_child", watched)
    return faults


ODD = st.text(
    st.one_of(
        st.characters(),
        st.characters(min_codepoint=0x1F000, max_codepoint=0x1FAFF),
        st.characters(min_codepoint=0x600, max_codepoint=0x6FF),
        st.characters(min_codepoint=0x300, max_codepoint=0x36F),
        st.sampled_from("\u200d\ufe0f\u200e\u202e\x00\n\ud83d#*_$<@\\"),
    ),
    max_size=60,
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(ODD, min_size=8, max_size=40), ODD)
def test_any_text_anywhere_gives_a_document(texts: list[str], title: str) -> None:
    parts = tuple(QuestionAnswer(one, one * 3, hearsay=True) for one in texts)
    with pytest.MonkeyPatch.context() as monkeypatch:
        faults = watch_faults(monkeypatch)
        dossier = sample(title=title, lead=texts[0], statements=(Statement(title, title, parts),))
        assert render_dossier(dossier, images={}).startswith(b"%PDF-")
    assert faults == [None]


@pytest.mark.parametrize("sign", ["x", "\U0001f600", "\u4f60", "\u0301", "\U0001f468\u200d"])
def test_a_story_of_200_000_characters_is_set_at_once(
    sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = watch_faults(monkeypatch)
    story = sign * (200_000 // len(sign))
    part = QuestionAnswer("Wat is er gebeurd?", story)
    dossier = sample(statements=(Statement("Melding", "", (part,)),))
    assert len(render_dossier(dossier, images={})) > 400_000
    assert faults == [None]


def test_beyond_a_bound_each_missing_character_is_one_box() -> None:
    printable = Printable()
    text = printable.text("\u4f60" * (glyphs.MAX_CODES + 5))
    assert text == "[U+4F60]" * glyphs.MAX_CODES + glyphs.PLACEHOLDER * 5
    assert printable.replaced == {"\u4f60": glyphs.MAX_CODES + 5}
