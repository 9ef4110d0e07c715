"""Every text of the reporter's side, in every language: complete, with its names and numbers."""

import re
from pathlib import Path

import pytest

from portal.services import catalogues
from tests.architecture.test_reading_level import load_update

TRANSLATIONS = Path(__file__).parents[2] / "portal" / "translations"
LANGUAGES = ("en", "tr", "ar", "pl", "uk")
FORMS = {"en": 2, "tr": 2, "ar": 6, "pl": 3, "uk": 3}
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
MARKUP = re.compile(r"<[^>]+>|&\w+;")
# What is called the same everywhere: apps, organisations, signs.
NAMES = re.compile(
    r"(WhatsApp|Instagram|Snapchat|TikTok|Telegram|Discord|YouTube|Teams|Magister|Switchboard"
    r"|Helpwanted|Discriminatie\.nl|Kindertelefoon|Veilig Thuis|Meld Misdaad Anoniem|E-mail|Games"
    r"|(Bureau )?Slachtofferhulp|Vertrouwensinspecteur onderwijs|Centrum Seksueel Geweld"
    r"|Ouders & Onderwijs|Online|Chat|Contact|Lhbti\+|coach|mentor|rector|[kMG]B|bytes|ltr|,)"
    r"(\s|$)"
)
EXPECTED = load_update().extract()


def read(language):
    path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    return {one.key: one for one in catalogues.read(path.read_text("utf-8")) if one.id}


@pytest.fixture(scope="module", params=LANGUAGES)
def said(request):
    return request.param, read(request.param)


def test_there_are_as_many_catalogues_as_languages():
    found = {path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")}
    assert found >= set(LANGUAGES)


def test_every_text_is_translated_and_none_is_a_guess(said):
    language, messages = said
    missing = [key for key in EXPECTED if key not in messages or not messages[key].done]
    assert not missing, f"{language}: {len(missing)}, first {missing[:5]}"


def test_no_text_stays_that_nothing_uses(said):
    _, messages = said
    assert not set(messages) - set(EXPECTED)


def test_what_is_filled_in_stands_in_every_form(said):
    """In the form for one or two a language may leave the number out."""
    for message in said[1].values():
        wanted = set(PLACES.findall(message.id)) | set(PLACES.findall(message.plural))
        for at, text in enumerate(message.texts if message.done else []):
            found = set(PLACES.findall(text))
            few = bool(message.plural) and at < len(message.texts) - 1
            numbers = {place for place in wanted if re.search("num|count|days", place)}
            assert found <= wanted, (message.id, text)
            assert wanted - found <= (numbers if few else set()), (message.id, text)
            assert not re.search(r"%(?!\(\w+\)s|%)", text) or "%" in message.id, text


def test_markup_is_that_of_the_source(said):
    """A translation is trusted like a template, so it brings no tags of its own."""
    for message in said[1].values():
        for text in message.texts:
            assert sorted(MARKUP.findall(text)) == sorted(MARKUP.findall(message.id)), text


def test_a_number_has_all_forms_of_the_language(said):
    language, messages = said
    counted = [one for one in messages.values() if one.plural]
    assert counted
    assert [one.id for one in counted if len(one.texts) != FORMS[language]] == []


def test_every_number_finds_a_form(said):
    language, messages = said
    loaded = catalogues.load(TRANSLATIONS / language / "LC_MESSAGES" / "messages.po")
    for message in (one for one in messages.values() if one.plural):
        for number in (*range(26), 100, 101, 102, 103, 111, 121):
            assert loaded.ngettext(message.id, message.plural, number) in message.texts


def test_nothing_stayed_dutch(said):
    language, messages = said
    same = [
        one.id
        for one in messages.values()
        if one.texts[0] == one.id
        and len(re.findall(r"[^\W\d_]{2,}", re.sub(PLACES, "", one.id))) > 1
        and not NAMES.match(one.id)
    ]
    assert not same, f"{language}: {same}"


def test_no_language_shouts(said):
    shouting = [text for one in said[1].values() for text in one.texts if re.search("[!！]", text)]
    assert not shouting
