"""The guides: complete, dated and sourced for every platform; addresses known by host."""

import re
from datetime import date

import pytest

from portal import data
from portal.domain.guides import KINDS, host_of, looks_like_address, tracking_in

GUIDES = data.guides()
LONGEST = 14
ADDRESSED = re.compile(r"\b(je|jij|jou|jouw|u|uw)\b", re.IGNORECASE)
BUTTON = re.compile("‘[^’]*’")


def lines():
    steps = [
        *((guide.key, step) for guide in GUIDES.every for step in guide.steps),
        *(("always", step) for step in GUIDES.always.values()),
    ]
    return [
        (key, line) for key, step in steps for line in (*step.lines, *step.iphone, *step.android)
    ]


@pytest.mark.parametrize("platform", [one.key for one in data.questions().platforms])
def test_every_platform_of_the_questionnaire_has_a_guide(platform):
    assert GUIDES.of_platform(platform) is not None


@pytest.mark.parametrize("guide", GUIDES.every, ids=lambda guide: guide.key)
def test_a_guide_says_everything_once_dated_and_sourced(guide):
    assert [step.kind for step in guide.steps] == list(KINDS)
    assert date(2026, 1, 1) < guide.checked_on
    for step in guide.steps:
        assert step.source, step.kind
        assert step.lines or (step.iphone and step.android), step.kind
        assert bool(step.iphone) == bool(step.android), step.kind
        assert step.recalled or "kennis" not in step.source.lower(), step.kind


def test_a_guide_says_whether_the_other_side_notices():
    for guide in GUIDES.every:
        assert guide.step("tells").notice in {"yes", "sometimes", "no"}, guide.key
    assert GUIDES.of_platform("snapchat").step("tells").notice == "yes"


def test_recording_the_screen_is_not_advised_where_the_other_side_sees_it():
    advised = [one.key for one in GUIDES.every if any(step.records for step in one.steps)]
    assert advised
    assert [key for key in advised if GUIDES.find(key).step("tells").notice == "yes"] == []


@pytest.mark.parametrize("app", ["whatsapp", "telegram", "anders"])
def test_where_a_chat_can_be_exported_it_is_said_to_leave_pictures_out_when_unsure(app):
    text = " ".join(GUIDES.find(app).step("export").lines)
    assert "bloot" in text
    assert re.search("[Zz]onder (media|foto)|Zet foto", text)


def test_nobody_is_told_to_delete():
    for key, line in lines():
        assert not re.search(r"\b(wis|verwijder)\b", line, re.IGNORECASE) or "niets" in line, key


def test_sentences_are_short_and_suit_pupils_and_parents():
    rows = [("nothing", text) for row in GUIDES.nothing for text in (row.title, row.text)]
    for key, line in [*lines(), *rows]:
        assert not ADDRESSED.search(BUTTON.sub("", line)), (key, line)
        for sentence in re.split(r"(?<=[.?:]) ", line):
            assert len(sentence.split()) <= LONGEST, (key, sentence)


@pytest.mark.parametrize(
    ("address", "platform"),
    [
        ("https://www.instagram.com/p/Dk2vR8qLm/?igsh=abc", "instagram"),
        ("instagram.com/iemand", "instagram"),
        ("https://vm.tiktok.com/ZM1/", "tiktok"),
        ("Kijk dit: https://youtu.be/abc?si=1", "youtube"),
        ("https://t.me/groep/12", "telegram"),
        ("https://notinstagram.com/p/1", ""),
        ("https://instagram.com.evil.example/p/1", ""),
        ("https://instagram.com@evil.example/", ""),
        ("@kevin_zonder_n", ""),
        ("", ""),
    ],
)
def test_an_address_belongs_to_a_platform_by_its_host_alone(address, platform):
    assert GUIDES.platform_of(address) == platform


def test_what_is_no_address_is_seen_and_what_tracks_is_known():
    assert not looks_like_address("weet ik niet meer")
    assert host_of("HTTPS://WWW.Voorbeeld.Example:8080/x") == "voorbeeld.example"
    assert tracking_in("https://social.example/p/1?igsh=abc") == "igsh=abc"
    assert tracking_in("https://social.example/p/1") == ""
