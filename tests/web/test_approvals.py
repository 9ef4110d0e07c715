"""Approval by a role over HTTP: asked by the handler, given by whoever holds the role."""

import html
import re

import pytest

from portal.services import case_work, transaction
from tests.services import world as told
from tests.services.casework import handled
from tests.web.desk_site import copy_of_site

OK, SEE_OTHER, NOT_FOUND, UNFIT = 200, 303, 404, 422
GATE = "schoolleiding-sancties"
QUESTION = "Mag de leerling een week niet in de kantine?"


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def case(site):
    """A case at the step of borgen that needs the head of the school, with handler and head."""
    with site.factory() as session:
        it = handled(site.there, session)
        given = {"step_key": "stap-3", "reason": "Het gaat door.", "now": told.NOW}
        case_work.move_to_step(session, actor=it.handler, case_id=it.case_id, **given)
        transaction.commit(session)
        return it.case_id, it.handler.code, site.there.code_of(it.part("overseer").id)


def text_of(response):
    page = response.get_data(as_text=True)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split()))


def test_the_question_stands_on_the_desk_of_the_approver_who_answers_alone(site, case):
    case_id, handler_code, head_code = case
    path = f"/zaken/{case_id}/akkoord"
    handler = site.log_in(handler_code, site.there)
    head = site.log_in(head_code, site.there)
    assert f"{path}" in handler.get(f"/zaken/{case_id}/").get_data(as_text=True)
    asked = {
        "gate": GATE,
        f"approver-{GATE}": site.there.ids[head_code],
        f"text-{GATE}": QUESTION,
        f"due_on-{GATE}": told.NOW.date().isoformat(),
    }
    refused = handler.post(f"{path}/vraag", {**asked, f"due_on-{GATE}": ""})
    assert refused.status_code == UNFIT
    assert "Kies een dag vanaf vandaag." in text_of(refused)
    assert QUESTION in text_of(refused)
    assert handler.post(f"{path}/vraag", asked).status_code == SEE_OTHER
    desk = text_of(head.get("/"))
    assert "Akkoord gevraagd" in desk
    assert QUESTION not in desk
    assert "Akkoord gevraagd" not in text_of(handler.get("/"))
    said = {"gate": GATE, f"reason-{GATE}": "Het past.", "outcome": "agreed"}
    stolen = handler.post(path, said)
    assert stolen.status_code == UNFIT
    assert "Jij hebt deze rol niet." in text_of(stolen)
    assert head.post(path, said).status_code == SEE_OTHER
    assert "in eigen inlog" in text_of(handler.get(path))
    assert "in eigen inlog" in text_of(handler.get(f"/zaken/{case_id}/tijdlijn"))
    assert "Akkoord gevraagd" not in text_of(head.get("/"))


def test_what_was_said_in_a_talk_names_who_recorded_it(site, case):
    case_id, handler_code, head_code = case
    path = f"/zaken/{case_id}/akkoord"
    handler = site.log_in(handler_code, site.there)
    said = {
        "gate": GATE,
        f"said_by-{GATE}": site.there.ids[head_code],
        f"said_on-{GATE}": told.NOW.date().isoformat(),
        f"said-{GATE}": "Goed zo.",
        "outcome": "agreed",
    }
    assert handler.post(f"{path}/gesprek", said).status_code == SEE_OTHER
    page = text_of(handler.get(path))
    assert "vastgelegd door" in page
    assert "in eigen inlog" not in page


def test_who_does_not_read_the_case_sees_no_question(site, case):
    case_id = case[0]
    for code in (site.mentor, site.accused):
        person = site.log_in(code)
        assert person.get(f"/zaken/{case_id}/akkoord").status_code == NOT_FOUND
