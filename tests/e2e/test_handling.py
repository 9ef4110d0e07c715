"""Staff handle it: the desk, the case, evidence on purpose, an answer, and handing it over."""

import io
import secrets

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.e2e.handling import ANSWER, LATER_FILE, PICTURE, REASON, REPLY, STEP, log_in
from tests.e2e.site import wait_until
from tests.e2e.staff_pages import CasePage
from tests.e2e.telling import CONTACT, NAME, SECRETS, STORY


def roughness(picture: Image.Image) -> float:
    """How much neighbours differ: what a blur takes away."""
    grey = picture.convert("L")
    return ImageStat.Stat(ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))).mean[0]


def test_the_desk_shows_it_as_new_without_a_word_of_the_story(handled):
    assert handled.label in handled.new
    for secret in (*SECRETS, NAME):
        assert secret not in handled.desk


def test_the_case_says_why_in_the_words_of_the_school(handled):
    assert "signalen binnen bij de leerlingcoördinatoren" in handled.page
    assert "cals.txt, regel 82" in handled.page


def test_the_story_stands_there_as_it_was_written(handled):
    for line in STORY.split("\n\n"):
        assert line in handled.page


def test_the_name_goes_to_the_chosen_role_only(handled):
    assert NAME not in handled.page
    assert CONTACT not in handled.page


def test_pictures_are_blurred_until_they_are_chosen(handled):
    names = {name.partition(" ")[2]: data for name, data in handled.tiles.items()}
    assert set(names) == set(handled.told.files)
    pictures = {name: data for name, data in names.items() if data is not None}
    assert len(pictures) >= 4
    for name, data in pictures.items():
        tile = Image.open(io.BytesIO(data))
        assert max(tile.size) <= 320, name
        assert len(data) < 30_000, name
    sharp = Image.open(io.BytesIO(handled.told.files[PICTURE]))
    tile = Image.open(io.BytesIO(pictures[PICTURE]))
    assert roughness(tile) < roughness(sharp.resize(tile.size)) / 2


def test_one_picture_opens_on_purpose_and_without_hidden_data(handled):
    shown = Image.open(io.BytesIO(handled.picture))
    assert max(shown.size) > 1000
    assert not shown.getexif()
    assert f"{handled.mentor.name} bekeek {PICTURE}" in handled.after_handing_over


def test_the_original_comes_as_it_was_sent(handled):
    assert handled.original == handled.told.files[PICTURE]
    assert f"{handled.mentor.name} haalde het origineel op: {PICTURE}" in handled.after_handing_over


def test_reply_step_and_handing_over_stand_in_the_case(handled):
    for text in (REPLY, STEP, REASON, handled.mentor.name, handled.successor.name):
        assert text in handled.successors_page


def test_the_successor_can_read_it_and_is_told_by_mail(handled, site):
    for line in STORY.split("\n\n"):
        assert line in handled.successors_page
    assert NAME not in handled.successors_page
    mails = wait_until(lambda: site.mailbox.to(handled.successor, handled.told.school), 45)
    assert any("overgedragen" in mail.get_payload(decode=True).decode() for mail in mails)


def test_an_excluded_colleague_finds_nothing_anywhere(handled, site, visit):
    school = handled.told.school
    page, watch = visit(javascript=handled.told.javascript)
    excluded = school.having("leerlingcoordinator")[1]
    desk = log_in(page, watch, school, excluded)
    assert handled.label not in desk.text()
    assert not any(handled.label in row for row in desk.all_cases().labels())
    assert_like_a_random_id(page, handled)
    assert not any(handled.label in str(mail) for mail in site.mailbox.to(excluded, school))


def test_a_teacher_of_another_class_finds_nothing_anywhere(handled, visit):
    page, watch = visit(javascript=handled.told.javascript)
    school = handled.told.school
    log_in(page, watch, school, school.mentor_of("1B"))
    assert_like_a_random_id(page, handled)


def test_a_case_of_another_school_is_not_there(handled, site, visit):
    page, watch = visit(javascript=handled.told.javascript)
    other = site.schools["heuvelrug"]
    log_in(page, watch, other, other.mentor_of("1A" if handled.told.javascript else "1B"))
    assert_like_a_random_id(page, handled, school="heuvelrug")


def assert_like_a_random_id(page, handled, school="waterkant"):
    """The address of a case, of its evidence and its packet say what an invented one says."""
    made_up = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))
    real = handled.case.split("/")[-2]
    item = handled.items[0]
    addresses = (
        handled.case,
        f"{handled.case}aangifte",
        item,
        f"{item}origineel",
        f"{item}beeld/blurred",
    )
    for address in (one.replace("/waterkant/", f"/{school}/") for one in addresses):
        pair = [page.context.request.get(one) for one in (address, address.replace(real, made_up))]
        assert [answer.status for answer in pair] == [404, 404]
        # A page says its own address back, for the switch of languages.
        assert pair[0].text().replace(real, made_up) == pair[1].text()


def test_the_reporter_reads_the_answer_with_a_mistyped_code(returned):
    assert REPLY in returned.first_look
    assert returned.status == "Afspraken"
    assert STORY.split("\n\n")[1] in returned.after or "Lees terug" in returned.after
    assert REASON not in returned.first_look
    assert STEP not in returned.first_look


def test_staff_see_the_answer_and_the_new_file(returned):
    assert ANSWER in returned.messages
    assert LATER_FILE in returned.after
    assert ANSWER in returned.staff_page
    assert any(name.endswith(LATER_FILE) for name in returned.staff_tiles)


@pytest.mark.parametrize("role", ["leerlingcoordinator"])
def test_the_chosen_role_reads_the_name(handled, visit, role):
    page, watch = visit(javascript=handled.told.javascript)
    school = handled.told.school
    log_in(page, watch, school, school.having(role)[0])
    text = CasePage.open(page, watch, handled.case).text()
    assert NAME in text
    assert CONTACT in text
