"""The police's list held against what was told: there, could help, or not about this."""

import pytest

from portal import data
from portal.domain.checklist import APART, DONE, HELPS, check, kind_of_file

ONLINE_ROWS = {"addresses", "chats", "messages", "screenshots"}


def said(**values):
    return {key: {"value": value} for key, value in values.items()}


def states(answers, *files):
    return {row.item.key: row.state for row in check(data.police_list(), answers, files)}


def online(**incident):
    return said(online={"happened": "yes", "incidents": [incident]})


def test_the_list_keeps_the_order_and_the_words_of_the_police():
    quotes = [item.quote for item in data.police_list()]
    assert quotes[:6] == [
        "Data en (exacte) tijdstippen",
        "Email- en internetadressen (URL’s)",
        "Gebruikersnaam en nickname(s) van betrokkene(n)",
        "Prints van chatlogs en mailberichten",
        "Bewaarde sms- en app-berichten",
        "Schermafdrukken (via printscreen of maak een foto)",
    ]
    assert [row.item for row in check(data.police_list(), {}, [])] == list(data.police_list())


def test_of_what_happened_at_school_only_time_and_names_could_help():
    found = states(said(story="Op het plein.", online={"happened": "no"}))
    assert found == {
        "times": HELPS,
        "names": HELPS,
        **dict.fromkeys((*ONLINE_ROWS, "video"), APART),
    }


@pytest.mark.parametrize(
    "answers",
    [
        said(online={"happened": "yes"}),
        said(forms=["online_threats"]),
        said(when={"places": ["online"]}),
        said(described=[{"where": "in een app"}]),
        online(platform="whatsapp"),
    ],
)
def test_of_what_happened_online_the_rest_could_help(answers):
    assert {key for key, state in states(answers).items() if state == HELPS} >= ONLINE_ROWS


@pytest.mark.parametrize(
    ("row", "answers"),
    [
        ("times", online(when="2026-11-13 21:07")),
        ("times", online(when_text="vorige week")),
        ("times", said(when={"moment": "sinds de herfst"})),
        ("times", said(described=[{"when": "gisteren"}])),
        ("addresses", online(url="social.example/p/1")),
        ("addresses", online(profile="social.example/iemand")),
        ("addresses", said(described=[{"address": "social.example/p/1"}])),
        ("names", online(account="@een\n@twee")),
        ("names", online(nickname="zonder n")),
        ("names", said(people={"accused": "iemand uit 2B"})),
    ],
)
def test_an_answer_makes_its_row_done(row, answers):
    assert states(answers)[row] == DONE


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("WhatsApp-chat met X.txt", {"chats", "messages"}),
        ("mail.EML", {"chats"}),
        ("PTT-1.opus", {"messages"}),
        ("Schermafbeelding.PNG", {"screenshots"}),
        ("VID_1.mp4", {"video"}),
        ("zonder ending", set()),
    ],
)
def test_a_file_makes_its_rows_done(name, rows):
    found = states(online(platform="whatsapp"), name)
    assert {key for key, state in found.items() if state == DONE} == rows


@pytest.mark.parametrize("platform", ["youtube", "tiktok"])
def test_the_video_itself_is_named_only_where_there_is_one(platform):
    assert states(online(platform=platform))["video"] == HELPS
    assert states(said(forms=["online_images"]))["video"] == HELPS
    assert states(online(platform="mail"))["video"] == APART


@pytest.mark.parametrize("value", [{"unknown": True}, None, []])
def test_skipped_and_unknown_answers_are_no_answers(value):
    found = states(said(online=value, when=value, people=value, described=value))
    assert DONE not in found.values()


def test_a_kind_is_only_the_ending_of_a_name():
    assert kind_of_file("foto.jpg.exe") == "file"
    assert kind_of_file("") == "file"
