"""The desk over HTTP: what it shows to whom, what it writes, and what it never gives."""

import secrets

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select

from portal.models import CustodyEvent, EvidenceItem, new_id
from portal.services import accounts, cases, transaction
from tests.services import world as told
from tests.web import desk_site
from tests.web.desk_site import FILE_NAMES, HERE, NAME, STORY, copy_of_site

OK, SEE_OTHER, REFUSED, FORBIDDEN, NOT_FOUND, UNFIT = 200, 303, 400, 403, 404, 422


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    return copy_of_site(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


def text_of(response):
    return response.get_data(as_text=True)


def kinds(site):
    with site.factory() as session:
        query = select(CustodyEvent.kind).where(CustodyEvent.case_id == site.case_id)
        return list(session.scalars(query.order_by(CustodyEvent.position)))


@pytest.mark.parametrize("path", ["/", "/zaken"])
def test_lists_say_nothing_of_what_was_told(filled, path):
    page = text_of(filled.log_in(filled.mentor).get(path))
    assert "Zaak " in page
    for secret in (STORY, "kluisjes", NAME, *FILE_NAMES):
        assert secret not in page


def test_the_case_shows_story_name_and_files_to_its_handler(filled):
    page = text_of(filled.log_in(filled.mentor).get(f"/zaken/{filled.case_id}/"))
    for told_of in (STORY, NAME, *FILE_NAMES[:-1], "verzegeld bestand", "buitengesloten"):
        assert told_of in page


def refusal(response, *ids):
    """What somebody without a key sees, without what differs by chance."""
    page = text_of(response)
    for item in ids:
        page = page.replace(item, "ID")
    return response.status_code, page


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("who", ["excluded", "colleague", "other school"])
def test_who_has_no_key_gets_the_page_of_a_case_that_is_not_there(filled, method, who):
    person = (
        filled.log_in(filled.there.mentor_of("1A"), filled.there)
        if who == "other school"
        else filled.log_in(filled.shut_out if who == "excluded" else filled.accused)
    )
    item = next(iter(filled.evidence.values()))
    random_case, random_item = new_id(), new_id()
    real = filled.addresses(method, filled.case_id, item)
    made_up = filled.addresses(method, random_case, random_item)
    assert len(real) >= 5
    for endpoint, address in real.items():
        answers = [
            refusal(
                person.client.open(
                    one.replace(f"/{HERE}/", f"/{person.slug}/"),
                    method=method,
                    data={"t": person.token, "text": "iets", "staff": "a:b"},
                    headers=desk_site.FORM,
                ),
                filled.case_id, item, random_case, random_item,
            )
            for one in (address, made_up[endpoint])
        ]  # fmt: skip
        assert answers[0] == answers[1], endpoint
        assert answers[0][0] == NOT_FOUND, endpoint


def test_a_session_of_another_school_is_no_session_here(filled):
    person = filled.log_in(filled.there.mentor_of("1A"), filled.there)
    for address in filled.addresses("GET", filled.case_id, new_id()).values():
        response = person.client.get(address)
        assert response.status_code == SEE_OTHER
        assert response.headers["Location"].endswith(f"/{HERE}/bureau/inloggen")


def test_reading_writes_only_the_first_opening_and_what_is_looked_at(site):
    person = site.log_in(site.mentor)
    before = site.written()
    case = f"/zaken/{site.case_id}/"
    picture = f"{case}bewijs/{site.evidence['kluisje.png']}"
    for path in ("/", "/zaken", "/nieuw/"):
        assert person.get(path).status_code == OK
    assert site.written() == before
    for expected, path in (
        (["report:read"], case),
        ([], case),
        ([], f"{case}aangifte"),
        ([], f"{picture}/"),
        ([], f"{picture}/beeld/blurred"),
        (["evidence:previewed"], f"{picture}/beeld/clear"),
        (["evidence:opened"], f"{picture}/origineel"),
    ):
        known, records = len(kinds(site)), site.written()[1]
        assert person.get(path).status_code == OK, path
        assert kinds(site)[known:] == expected, path
        told = 1 if expected == ["report:read"] else 0  # what the reporter sees of it
        assert site.written()[1] == records + told, path


def test_an_original_is_only_ever_a_download(filled):
    person = filled.log_in(filled.mentor)
    for name in ("kluisje.png", "plaatje.svg", "pagina.html", "gesprek.zip"):
        path = f"/zaken/{filled.case_id}/bewijs/{filled.evidence[name]}/origineel"
        headers = person.get(path).headers
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["plaatje.svg", "pagina.html", "gesprek.zip", "twijfel.png"])
def test_active_files_archives_and_doubtful_pictures_are_never_shown(filled, name):
    person = filled.log_in(filled.mentor)
    item = f"/zaken/{filled.case_id}/bewijs/{filled.evidence[name]}"
    for kind in ("blurred", "clear"):
        assert person.get(f"{item}/beeld/{kind}").status_code == NOT_FOUND
    page = text_of(person.get(f"{item}/"))
    assert "<img" not in page
    assert filled.evidence[name] + "/beeld" not in text_of(person.get(f"/zaken/{filled.case_id}/"))


def test_a_doubtful_picture_is_neither_fetched_nor_packed(site):
    person = site.log_in(site.mentor)
    doubtful = site.evidence["twijfel.png"]
    path = f"/zaken/{site.case_id}"
    assert person.get(f"{path}/bewijs/{doubtful}/origineel").status_code == FORBIDDEN
    refused = person.post(f"{path}/aangiftepakket", {"item": doubtful})
    assert refused.status_code == UNFIT
    assert "Kies bestanden die bij deze zaak horen." in text_of(refused)
    assert "packet:exported" not in kinds(site)
    with site.factory() as session:
        assert session.get_one(EvidenceItem, doubtful).sealed_record_id


def test_warnings_of_files_are_said_in_words(filled):
    person = filled.log_in(filled.mentor)
    page = text_of(person.get(f"/zaken/{filled.case_id}/bewijs/{filled.evidence['gesprek.zip']}/"))
    assert "We laten het dicht." in page
    assert "archive_unopened" not in page


def test_whoever_is_removed_is_out_at_the_next_request(site):
    person = site.log_in(site.mentor)
    case = f"/zaken/{site.case_id}/"
    assert person.get(case).status_code == OK
    with site.factory() as session:
        admin = next(code for code in site.here.ids if code not in (site.mentor, site.shut_out))
        accounts.disable(
            session,
            actor=site.here.actor(session, admin).custody,
            school_id=site.here.school.id,
            staff_id=site.here.ids[site.mentor],
            now=told.NOW,
        )
        transaction.commit(session)
    for path in ("/", case):
        assert person.get(path).status_code == SEE_OTHER
    known = site.written()
    assert person.post(f"{case}notitie", {"note": "nog iets"}).status_code == SEE_OTHER
    assert site.written() == known


@pytest.mark.parametrize("token", ["", secrets.token_hex(32)], ids=["none", "another"])
def test_nothing_is_done_without_the_token_of_the_session(site, token):
    person = site.log_in(site.mentor)
    known = site.written()
    posts = site.addresses("POST", site.case_id, new_id())
    assert len(posts) >= 6
    for address in [*posts.values(), f"/{HERE}/bureau/nieuw/"]:
        path = address.removeprefix(f"/{HERE}/bureau")
        response = person.post(path, {"note": "iets", "story": "iets"}, token=token)
        assert response.status_code == REFUSED, address
    assert site.written() == known


def test_a_case_and_its_desk_take_a_fixed_number_of_queries(site):
    asked = []
    with site.factory() as session:
        sql_event.listen(
            session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2])
        )
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        counts = []
        for _ in range(2):
            asked.clear()
            cases.desk(session, actor=actor, now=told.NOW)
            cases.all_rows(session, actor=actor)
            counts.append(len(asked))
            session.expunge_all()
            for _ in range(3):
                told.report(site.here, session, told.answers(site.here))
        assert len(cases.all_rows(session, actor=actor)) > 3
    assert counts[0] == counts[1]
