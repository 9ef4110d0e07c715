"""Going elsewhere from a question: what was typed is saved first, and enough is enough."""

import pytest

from tests.web.reporter_site import SLUG, STORY, Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    made = site.phone()
    made.tell()
    return made


def test_changing_an_earlier_answer_saves_what_was_typed_first(phone):
    assert ("then", "to:verhaal") in phone.page.form("/wie")["buttons"]
    phone.answer({"people-accused": "Iemand uit 2b"}, then="to:verhaal")
    assert phone.path == f"/{SLUG}/vraag/verhaal"
    assert phone.page.form("/verhaal")["fields"]["story-story"] == STORY
    assert phone.get("vraag/wie").form("/wie")["fields"]["people-accused"] == "Iemand uit 2b"


def test_an_empty_story_does_not_hold_back_who_changes_an_earlier_answer(phone):
    phone.get("vraag/rol")
    phone.answer({"perspective-perspective": "bystander"})
    phone.get("vraag/verhaal")
    phone.answer({"story-story": ""}, then="to:over")
    assert phone.path == f"/{SLUG}/vraag/over"
    phone.get("vraag/verhaal")
    assert phone.answer({"story-story": ""}, then="to:nakijken").status == 400


def test_what_cannot_be_saved_stays_on_the_page(phone):
    page = phone.answer({"people-accused": "x" * 20_001}, then="to:verhaal")
    assert page.status == 400
    assert page.form("/wie")["fields"]["people-accused"] == "x" * 20_001


@pytest.mark.parametrize("then", ["to:elders", "to://elders.example", "to:"])
def test_a_made_up_goal_leads_to_the_next_question(phone, then):
    phone.answer(then=then)
    assert phone.path == f"/{SLUG}/vraag/wanneer"


def test_enter_in_a_text_field_goes_on(phone):
    assert phone.page.form("/wie")["buttons"][0] == (None, None)


def test_after_the_story_every_question_offers_to_finish(phone):
    for page in ("wie", "wanneer", "online", "eerder", "wensen"):
        phone.get(f"vraag/{page}")
        assert "Dit is genoeg: kijk na en verstuur" in phone.page.text, page
        assert ("then", "to:nakijken") in phone.page.form(f"/{page}")["buttons"], page


def test_before_the_story_finishing_is_not_offered(site):
    phone = site.phone()
    phone.begin()
    assert "Dit is genoeg" not in phone.page.text


def test_enough_saves_the_page_and_leads_to_sending(phone):
    phone.answer({"people-accused": "Iemand uit 2b"}, then="to:nakijken")
    assert phone.path == f"/{SLUG}/nakijken"
    assert "Iemand uit 2b" in phone.page.text
    phone.submit("/nakijken")
    assert phone.path == f"/{SLUG}/klaar"


def test_enough_does_not_pass_by_the_words_for_who_told_of_sexual_violence(phone):
    phone.answer({"people-accused": "Hij heeft me aangerand."}, then="to:nakijken")
    assert phone.path == f"/{SLUG}/vraag/genoeg"


def test_several_earlier_answers_stand_on_lines_of_their_own(phone):
    phone.answer({"people-accused": "Eva", "people-witnesses": "Li"})
    said = phone.page.html.partition('<p class="you"')[2].partition("</p>")[0]
    assert len(said.splitlines()) == 2


def test_finishing_is_offered_beside_the_files_too(phone):
    phone.get("bestanden")
    phone.submit("bestanden/verder", {"then": "enough"})
    assert phone.path == f"/{SLUG}/nakijken"


def test_the_picker_stands_first_and_it_is_said_what_goes_along(phone):
    phone.upload(("eerste.png", b"\x89PNG" + b"1" * 500))
    assert "gaat mee" not in phone.page.text
    page = phone.submit("bestanden/vraag", {"intimate": "no"})
    assert page.html.index('type="file"') < page.html.index("eerste.png")
    assert "Alleen wat hierboven als ‘Veilig bewaard’ staat, gaat mee." in page.text
    assert "Kies uit je telefoon" in page.text


def test_a_parent_is_asked_for_files_in_neutral_words(site):
    parent = site.phone()
    parent.tell(perspective="parent")
    parent.get("bestanden")
    page = parent.submit("bestanden/vraag", {"intimate": "no"})
    assert "Kies bestanden" in page.text
    assert "je telefoon" not in page.text
