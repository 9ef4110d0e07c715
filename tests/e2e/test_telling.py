"""A pupil tells it, from the front page to an empty screen, with and without JavaScript."""

import re

from tests.e2e.site import wait_until
from tests.e2e.telling import DESCRIBED, SECRETS, STORY, fingerprint


def test_a_file_in_doubt_is_described_and_not_sent(told):
    assert "Stuur die foto niet naar ons" in told.described_page
    assert "Helpwanted" in told.described_page
    assert DESCRIBED in told.evidence_page


def test_the_look_over_reads_everything_back(told):
    for line in (
        *STORY.split("\n\n"),
        "sinds de herfstvakantie",
        "bij de kluisjes",
        "@kevin_zonder_n",
        "~ kevin",
        "dat het filmpje weggaat",
        "een gesprek voor de hele klas",
        "Eerst met mij",
        "de conciërge",
        *told.files,
    ):
        assert line in told.review_page


def test_readers_are_named_with_their_role_and_can_be_chosen(told):
    coordinators = told.school.having("leerlingcoordinator")
    mentor = told.school.mentor_of(told.subject)
    assert told.readers_before[0].startswith(f"{coordinators[0].name}, leerlingcoördinator")
    assert not any(coordinators[1].name in line for line in told.readers_after)
    assert any(mentor.name in line for line in told.readers_after)


def test_the_receipt_says_all_that_is_needed(told):
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4} ){3}[0-9A-HJKMNP-TV-Z]{4}", told.code)
    assert told.listed == {name: fingerprint(data) for name, data in told.files.items()}
    for line in told.readers_after:
        assert line.split(",")[0] in told.receipt_page
    assert re.search(r"uiterlijk \w+ \d+ \w+", told.receipt_page)
    assert "Laat de originelen op je telefoon staan" in told.receipt_page


def test_reload_and_a_second_submit_show_the_same_receipt(told):
    assert told.shown_again == [told.code, told.code]


def test_back_after_leaving_shows_nothing(told, site):
    assert told.left_at == site.exit_url
    assert len(told.after_back) == 3
    for page in told.after_back:
        assert "Hier staat niets." in page or "Het weer" in page
        for secret in (*SECRETS, *told.code.split()):
            assert secret not in page


def test_a_mail_without_content_reaches_the_handler(told, site):
    name = told.readers_after[0].split(",")[0]
    handler = next(one for one in told.school.people.values() if one.name == name)
    mail = wait_until(lambda: site.mailbox.to(handler, told.school), 45)[-1]
    body = mail.get_payload(decode=True).decode()
    assert mail["Subject"] == f"Bericht van {told.school.name}"
    assert "Er staat iets nieuws voor je klaar." in body
    for word in (*SECRETS, "pest", "http", told.subject, *told.code.split()):
        assert word.lower() not in (mail["Subject"] + body).lower()
