"""Both families over HTTP: persons of an incident, who is asked, who was told, and no mixing."""

import re

import pytest
from sqlalchemy import select

from portal.models import Case, new_id
from portal.services import case_work, cases, incident, people_work, transaction
from tests.services import world as told
from tests.web.desk_site import copy_of_site

OK, SEE_OTHER, FORBIDDEN, NOT_FOUND, UNFIT = 200, 303, 403, 404, 422
LUNA = {"name": "Luna Kuil", "part": "subject", "class_name": "1A", "age_band": "12"}
SEM = {"name": "Sem de Boer", "part": "accused", "class_name": "3C", "age_band": "13-15"}
ANS = {"parent_name": "Ans Kuil", "relation": "moeder", "authority": "joint", "way": "phone"}
HIDDEN = {
    "parent_name": "Tarik Kuil",
    "relation": "vader",
    "authority": "joint",
    "inform": "no",
    "reason": "Kans op eergeweld, zie Veilig Thuis.",
}


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def mentor(site):
    return site.log_in(site.mentor)


def text_of(response):
    return response.get_data(as_text=True)


def path(site, *parts):
    return "/".join([f"/zaken/{site.case_id}/mensen", *parts])


def families(site):
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        view = incident.show(session, actor=actor, case_id=site.case_id)
        return {one.person.name: one for one in view.families}


def add(site, person, form):
    assert person.post(path(site, ""), form).status_code == SEE_OTHER
    return families(site)[form["name"]].person


def add_parent(site, person, pupil, form):
    known = families(site)[pupil.name].person
    body = {**form, "version": known.version}
    assert person.post(path(site, pupil.key, "ouder"), body).status_code == SEE_OTHER
    return next(
        one.key
        for one in families(site)[pupil.name].person.representatives
        if one.name == form["parent_name"]
    )


def tell(site, person, pupil, to, what, **more):
    body = {"to": to, "medium": "phone", "on": "2026-11-16", "what": what, **more}
    return person.post(path(site, pupil.key, "verteld"), body)


def test_a_pupil_and_a_parent_are_written_down_and_shown_with_what_holds_for_them(site, mentor):
    luna = add(site, mentor, LUNA)
    add_parent(site, mentor, luna, ANS)
    add_parent(site, mentor, luna, HIDDEN)
    page = text_of(mentor.get(path(site, luna.key, "")))
    for words in (
        "om wie het gaat",
        "12 jaar",
        "hoort het van school",
        "beide ouders horen hetzelfde",
        "niet informeren",
        HIDDEN["reason"],
        "Onder 13 belt de politie altijd de ouders.",
        "De ouders met gezag",
    ):
        assert words.lower() in page.lower(), words
    assert "Luna Kuil" in text_of(mentor.get(path(site, "")))
    assert path(site, "") in text_of(mentor.get(f"/zaken/{site.case_id}/"))


def test_who_was_in_a_chat_is_present_until_a_person_says_more(site, mentor):
    page = text_of(mentor.get(path(site, "")))
    assert "Aanwezig in een chat" in page
    form = text_of(mentor.get(path(site, "") + "?chat=1"))
    name = re.search(r'id="name"[^>]*value="([^"]+)"', form).group(1)
    assert re.search(r'value="present" checked', form)
    before = page.count(name)
    add(site, mentor, {"name": name, "part": "present"})
    assert before
    assert families(site)[name].person.part == "present"
    assert f"Schrijf {name} op" not in text_of(mentor.get(path(site, "")))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({**LUNA, "name": " "}, "name"),
        ({**LUNA, "part": "dader"}, "part"),
        ({**LUNA, "age_band": "2014-03-01"}, "age_band"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_is_written(site, mentor, form, field):
    mentor.get(path(site, ""))
    known = site.written()
    response = mentor.post(path(site, ""), form)
    assert response.status_code == UNFIT
    assert f'href="#{field}"' in text_of(response)
    assert site.written() == known


def test_a_parent_is_not_left_out_without_a_reason(site, mentor):
    luna = add(site, mentor, LUNA)
    body = {**HIDDEN, "reason": "", "version": 1}
    response = mentor.post(path(site, luna.key, "ouder"), body)
    assert response.status_code == UNFIT
    assert 'href="#reason"' in text_of(response)
    assert families(site)["Luna Kuil"].person.representatives == ()


def test_who_changes_what_a_colleague_just_changed_is_told_so(site, mentor):
    luna = add(site, mentor, LUNA)
    body = {**LUNA, "part": "witness", "version": 1}
    assert mentor.post(path(site, luna.key, ""), body).status_code == SEE_OTHER
    late = mentor.post(path(site, luna.key, ""), {**LUNA, "version": 1})
    assert late.status_code == UNFIT
    assert "Een collega was je net voor." in text_of(late)
    person = families(site)["Luna Kuil"].person
    assert [one.part for one in person.versions] == ["subject", "witness"]


def test_what_names_the_other_family_is_warned_against_and_stays_off_the_sheet(site, mentor):
    luna = add(site, mentor, LUNA)
    ans = add_parent(site, mentor, luna, ANS)
    add(site, mentor, SEM)
    assert tell(site, mentor, luna, [ans], "Er is een plan gemaakt.").status_code == SEE_OTHER
    mixing = tell(site, mentor, luna, [ans], "Sem moet nablijven.")
    assert mixing.status_code == UNFIT
    assert "Dit noemt iemand anders." in text_of(mixing)
    assert len(families(site)["Luna Kuil"].tellings) == 1
    sure = tell(site, mentor, luna, [ans], "Sem moet nablijven.", sure="yes")
    assert sure.status_code == SEE_OTHER
    sheet = text_of(mentor.get(path(site, luna.key, "blad") + f"?voor={ans}"))
    main = sheet[sheet.index("<main") : sheet.index("</main>")]
    assert "Er is een plan gemaakt." in main
    assert "1 keer staat er een naam van iemand anders bij." in main
    for word in ("Sem", "Boer", "nablijven", "3C", "overtuigd"):
        assert word not in main
    assert families(site)["Sem de Boer"].tellings == ()


def test_a_parent_who_must_not_know_is_warned_against_and_gets_no_sheet(site, mentor):
    luna = add(site, mentor, LUNA)
    ans = add_parent(site, mentor, luna, ANS)
    hidden = add_parent(site, mentor, luna, HIDDEN)
    refused = tell(site, mentor, luna, [ans, hidden], "Er is een plan.")
    assert refused.status_code == UNFIT
    assert "Deze ouder mag dit niet horen." in text_of(refused)
    assert families(site)["Luna Kuil"].tellings == ()
    assert tell(site, mentor, luna, [ans], "Er is een plan.").status_code == SEE_OTHER
    log = text_of(mentor.get(f"/zaken/{site.case_id}/"))
    assert "Verteld aan Ans Kuil: ‘Er is een plan.’" in log
    assert mentor.get(path(site, luna.key, "blad") + f"?voor={hidden}").status_code == FORBIDDEN
    for reader in (luna.key, ans):
        sheet = text_of(mentor.get(path(site, luna.key, "blad") + f"?voor={reader}"))
        main = sheet[sheet.index("<main") : sheet.index("</main>")]
        assert "Tarik" not in main
        assert "eergeweld" not in main


@pytest.mark.parametrize(
    ("field", "value"),
    [("on", "2026-11-30"), ("on", ""), ("what", ""), ("medium", "fax"), ("to", [])],
)
def test_a_telling_has_a_day_that_was_a_way_and_a_line(site, mentor, field, value):
    luna = add(site, mentor, LUNA)
    body = {"to": [luna.key], "medium": "talk", "on": "2026-11-16", "what": "Gesproken."}
    response = mentor.post(path(site, luna.key, "verteld"), body | {field: value})
    assert response.status_code == UNFIT
    assert f'href="#{field}"' in text_of(response)


def test_colleagues_are_told_apart_from_the_families(site, mentor):
    luna = add(site, mentor, LUNA)
    body = {"others": "docenten van 1A", "medium": "talk", "on": "2026-11-16", "what": "Let op."}
    assert mentor.post(path(site, "verteld"), body).status_code == SEE_OTHER
    assert "docenten van 1A" in text_of(mentor.get(path(site, "")))
    assert "docenten van 1A" not in text_of(mentor.get(path(site, luna.key, "")))
    add_parent(site, mentor, luna, HIDDEN)
    around = mentor.post(path(site, "verteld"), {**body, "others": "vader Tarik"})
    assert around.status_code == UNFIT
    assert "Leg het dan bij de leerling vast." in text_of(around)


def test_a_person_of_another_case_is_nobody_here(site, mentor):
    mentor.get(path(site, ""))
    for method, part in (("get", ""), ("get", "blad"), ("post", "ouder"), ("post", "verteld")):
        address = path(site, new_id(), part)
        form = {**ANS, "version": "1", "to": ["x"], "medium": "talk", "on": "2026-11-16"}
        more = {} if method == "get" else {"data": {**form, "what": "iets"}}
        assert getattr(mentor, method)(address, **more).status_code == NOT_FOUND, address


def test_nothing_of_a_family_stands_readable_in_the_database(site, mentor):
    luna = add(site, mentor, LUNA)
    hidden = add_parent(site, mentor, luna, HIDDEN)
    tell(site, mentor, luna, [hidden], "Er is een plan.", sure="yes")
    files = [one for one in site.folder.rglob("*") if one.is_file()]
    stored = b"".join(one.read_bytes() for one in files)
    for words in ("Luna Kuil", "Tarik", "eergeweld", "Er is een plan"):
        assert words.encode() not in stored


def test_at_a_gate_staff_choose_whose_answer_it_is(site):
    world = site.there
    with site.factory() as session:
        told.report(world, session, told.answers(world))
        case_id = session.scalars(select(Case.id).where(Case.school_id == world.school.id)).one()
        actor = world.actor(session, world.mentor_of("1A"))
        given = {"actor": actor, "case_id": case_id, "now": told.NOW}
        key = people_work.add(
            session, form=people_work.PersonForm(name="Luna Kuil", part="subject"), **given
        )
        case_work.move_to_step(session, step_key="stap-2", reason="Verder.", **given)
        for action in ("overleg-collega", "plan-bijstellen", "plan-voorleggen"):
            case_work.record_step(session, action_key=action, outcome="done", text="", **given)
        transaction.commit(session)
    person = site.log_in(world.mentor_of("1A"), world)
    case = f"/zaken/{case_id}/"
    assert "nog niet gevraagd" in text_of(person.get(case))
    body = {"action": "akkoord-leerling-stap-2", "outcome": "agreed", "happened": "Goed zo."}
    refused = person.post(f"{case}stap", body)
    assert refused.status_code == UNFIT
    assert "Kies van wie dit antwoord is." in text_of(refused)
    assert person.post(f"{case}stap", {**body, "person": key}).status_code == SEE_OTHER
    with site.factory() as session:
        view = cases.show(session, **{**given, "actor": world.actor(session, actor.code)})
    gate = next(one for one in view.actions if one.key == body["action"])
    assert gate.state == "done"
    assert [(one.name, one.side, one.outcome) for one in gate.answers] == [
        ("Luna Kuil", "subject", "agreed")
    ]
    log = re.sub(r"<[^>]+>", "", text_of(person.get(case)))
    assert "Opgeschreven: Luna Kuil" in log
    assert re.search(r"met het plan · akkoord · Luna Kuil", log)
