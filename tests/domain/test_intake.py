"""The questionnaire's wording, what follows from answers, and words that call for help."""

import re

import pytest

from portal import data
from portal.domain import intake, questionnaire
from portal.domain.facts import facts_from
from portal.domain.questionnaire import FORMAL, PERSPECTIVES, UNKNOWN

GUILT = re.compile(r"\b(slachtoffer|dader|pester|gepeste)", re.IGNORECASE)
INFORMAL = re.compile(r"\b(je|jij|jou|jouw)\b", re.IGNORECASE)


def said(**values):
    return {key: {"value": value, "question": "", "version": ""} for key, value in values.items()}


def every_question():
    asked = data.questions()
    return [asked.question(key, who) for who in PERSPECTIVES for key in asked.order]


@pytest.mark.parametrize("who", PERSPECTIVES)
def test_no_question_asks_for_a_reason_or_names_people_as_guilty(who):
    for key in data.questions().order:
        question = data.questions().question(key, who)
        everything = f"{question.text} {question.hint} {question.guide}"
        assert not re.search(r"\bwaarom\b", everything, re.IGNORECASE), key
        assert not GUILT.search(everything), key
        assert "!" not in everything


@pytest.mark.parametrize("who", sorted(FORMAL))
def test_parents_and_staff_are_addressed_formally(who):
    # Pages that a parent is not asked, and the choice of who one is, speak to everybody.
    asked = data.questions()
    for page in (*questionnaire.pages_for(who), "beschrijf", "nu", "nakijken"):
        for question in asked.on_page(page, who):
            shown = f"{question.text} {question.hint} {question.guide}"
            assert not INFORMAL.search(shown), (question.key, shown)


def test_pupils_are_never_addressed_formally():
    for question in every_question():
        asked = data.questions().question(question.key, "subject")
        assert not re.search(r"\b(u|uw)\b", f"{asked.text} {asked.hint} {asked.guide}")


def test_a_subject_is_not_asked_whom_it_is_about_and_others_are():
    assert "over" not in questionnaire.pages_for("subject")
    assert "over" in questionnaire.pages_for("bystander")
    assert len(questionnaire.pages_for("subject")) == 8


def test_only_the_story_is_required():
    assert [item.key for item in every_question() if item.required] == ["story"] * len(PERSPECTIVES)


def test_the_kept_text_holds_the_title_and_every_label():
    question = data.questions().question("people", "bystander")
    assert question.text.split(" | ") == [
        "Wie hebben ermee te maken?",
        "Wie deed dit?",
        "Bij wie gebeurde het?",
        "Wie zag of hoorde het?",
    ]


def test_forms_hold_all_of_the_protocol_chapters_on_bullying_and_cyberbullying():
    options = data.questions().question("forms", "subject").fields[0].options
    assert len({option.key for option in options}) == 26
    assert {option.key for option in options if option.online} == {
        option.key for option in options if option.key.startswith("online_")
    }


FACTS = [
    ({}, {}),
    ({"perspective": "participant"}, {"reporter": "bystander"}),
    ({"perspective": "unsure"}, {}),
    (
        {"classes": {"subject": ["a"], "accused": ["a"]}},
        {"class_relation": "same", "accused": "pupil"},
    ),
    (
        {"classes": {"subject": ["a"], "accused": ["a", "b"]}},
        {"class_relation": "different", "accused": "pupil"},
    ),
    ({"classes": {"accused": ["a"]}}, {"accused": "pupil"}),
    (
        {"classes": {"subject": ["a"], "other": ["other_school"]}},
        {"class_relation": "different", "accused": "pupil"},
    ),
    (
        {"classes": {"subject": ["a"], "other": ["not_from_school"]}},
        {"class_relation": "different"},
    ),
    ({"classes": {"other": ["unknown_account"]}}, {"cyber": True}),
    ({"classes": {"other": ["staff"]}}, {"accused": "staff"}),
    ({"classes": {"staff": ["s1"], "accused": ["a"]}}, {"accused": "staff"}),
    ({"classes": UNKNOWN}, {}),
    ({"online": {"happened": "yes"}}, {"cyber": True}),
    ({"online": {"happened": "no"}}, {"cyber": False}),
    ({"online": {"happened": "unknown"}}, {}),
    ({"forms": ["online_fake"], "online": {"happened": "no"}}, {"cyber": True}),
    ({"forms": ["hitting"]}, {}),
    ({"told_before": {"told": "yes", "after": "Niets."}}, {}),
    ({"when": {"frequency": "often"}}, {}),
]


@pytest.mark.parametrize(("values", "facts"), FACTS)
def test_facts_follow_from_answers_and_the_unknown_stays_absent(values, facts):
    found = intake.to_facts(said(**values))
    assert found == {"report_count": 1, **facts}
    facts_from(found)  # the routing takes them


def test_told_before_or_often_never_sets_ongoing():
    answers = said(told_before={"told": "yes"}, when={"frequency": "often"})
    assert "ongoing" not in intake.to_facts(answers, report_count=2)


def test_an_accused_member_of_staff_is_shut_out_and_never_preferred():
    answers = said(
        classes={"staff": ["accused"]},
        readers={"exclude": ["unwanted"], "prefer": ["accused", "unwanted", "wanted"]},
    )
    assert intake.excluded_staff(answers) == {"accused", "unwanted"}
    assert intake.preferred_staff(answers) == ["wanted"]


def test_a_name_for_the_handlers_leaves_the_answers():
    answers = said(
        name={"who": "role", "role": "mentor", "name": "Noor", "contact": "06"}, story="x"
    )
    rest, identity = intake.split_identity(answers)
    assert identity == {"who": "role", "role": "mentor", "name": "Noor", "contact": "06"}
    assert "Noor" not in str(rest)
    assert rest["name"]["value"] == {"who": "role", "role": "mentor"}
    assert answers["name"]["value"]["name"] == "Noor"


@pytest.mark.parametrize("who", ["nobody", None])
def test_a_name_for_nobody_stays_nowhere(who):
    value = {"name": "Noor", **({"who": who} if who else {})}
    rest, identity = intake.split_identity(said(name=value))
    assert identity is None
    assert "Noor" not in str(rest)


def test_urgent_by_tick_or_by_word():
    assert intake.is_urgent(said(safety={"suicide": True}))
    assert intake.is_urgent({}, found=["danger"])
    assert not intake.is_urgent(said(safety={"more": True}), found=["images"])


WORDS = [
    ("Ik wil dood.", "suicide"),
    ("ik wil echt niet meer leven", "suicide"),
    ("wil nie meer leeeven", "suicide"),
    ("ZELFMOORT, zelfmord, zelfmoooord", "suicide"),
    ("ik snijd soms mezelf", "suicide"),
    ("ze gaan me vermoorden", "danger"),
    ("hij heeft een mes", "danger"),
    ("hij heeft me verkragt", "sexual"),
    ("hij zat met zn hand aan m’n borsten", "sexual"),
    ("er gaan naaktfoto's rond", "images"),
    ("mijn vader slaat me", "home"),
]


@pytest.mark.parametrize(("text", "kind"), WORDS)
def test_words_that_call_for_help_are_found_also_misspelt(text, kind):
    assert kind in data.danger_words().find([text])


@pytest.mark.parametrize(
    "text",
    ["", "Sinds de herfst staan er foto’s van mij in een groepsapp.", "Hij messcherp antwoordde."],
)
def test_an_ordinary_story_brings_no_extra_help(text):
    assert data.danger_words().find([text]) == frozenset()


def test_sexual_violence_stops_the_details_until_the_reporter_wants_to_go_on():
    assert questionnaire.details_stop(said(safety={"sexual": True}))
    assert questionnaire.details_stop({}, found=["sexual"])
    assert not questionnaire.details_stop(said(safety={"sexual": True, "more": True}))
    stopped = questionnaire.pages_for("subject", stop_details=True)
    assert stopped == ("verhaal", "bestanden", "eerder", "wensen", "naam")


def test_an_answer_is_read_back_in_words():
    question = data.questions().question("online", "subject")
    incident = {"platform": "whatsapp", "account": "@2b", "when": "2026-11-13 21:07"}
    value = {"happened": "yes", "incidents": [incident]}
    assert questionnaire.read_back(question, value, {}) == [
        "Gebeurde er iets online: Ja",
        "WhatsApp, @2b, 13-11-2026, 21.07 uur",
    ]
    assert questionnaire.read_back(question, UNKNOWN, {}) == ["Weet ik niet"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mevrouw Elzinga", {"e"}),
        ("het is elzinga van wiskunde", {"e"}),
        ("Dhr. Celik", {"c"}),
        ("de conciërge", set()),
        ("", set()),
    ],
)
def test_a_member_of_staff_named_in_words_is_found(text, found):
    answers = {"classes": {"value": {"staff_text": text}}}
    names = {"e": "Elin Elzinga", "c": "Hidde Çelik", "w": "Bas de Wit"}
    assert intake.staff_in_text(answers, names) == found
    assert intake.to_facts(answers).get("accused") == ("staff" if text else None)
