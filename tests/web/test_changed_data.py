"""What pages say when somebody changed something in the database, or just before them."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, update

from portal.models import CaseReader, LiveSession, Record, Report
from portal.services import accounts, handing, reports, transaction, uploads
from portal.services.custody import SYSTEM
from tests.services import world as told
from tests.web import desk_site, reporter_site

OK, SEE_OTHER, CHANGED, UNFIT = 200, 303, 422, 422
STAFF_WARNING = "In de database is iets van deze zaak veranderd."
REPORTER_WARNING = "In de database van school is iets veranderd."


@pytest.fixture
def desk(tmp_path):
    return desk_site.copy_of_site(tmp_path)


@pytest.fixture
def site(tmp_path):
    return reporter_site.Site(tmp_path)


def damage(session, kind):
    session.execute(update(Record).where(Record.kind == kind).values(ciphertext=b"weg"))
    session.commit()


@pytest.mark.parametrize("kind", ["evidence", "listing", "routing", "exclusions"])
def test_the_rest_of_a_case_is_shown_with_a_warning(desk, kind):
    person = desk.log_in(desk.mentor)
    path = f"/zaken/{desk.case_id}/"
    assert STAFF_WARNING not in person.get(path).get_data(as_text=True)
    with desk.factory() as session:
        damage(session, kind)
    for place in (path, f"{path}aangifte"):
        page = person.get(place)
        assert page.status_code == OK
        assert STAFF_WARNING in page.get_data(as_text=True)
    assert desk_site.STORY in person.get(path).get_data(as_text=True)


def test_nobody_is_let_in_while_the_exclusions_cannot_be_read(desk):
    person = desk.log_in(desk.mentor)
    with desk.factory() as session:
        damage(session, "exclusions")
        query = select(CaseReader.staff_id).where(CaseReader.part == "overseer")
        other = session.scalars(query).first()
        role = told.role_of(session, other)
    given = {"staff": f"{other}:{role}", "why": "Vakantie."}
    page = person.post(f"/zaken/{desk.case_id}/overdragen", given)
    assert page.status_code == UNFIT
    text = page.get_data(as_text=True)
    assert "Daarom kan dit nu niet." in text
    assert "Vakantie." in text


def test_a_role_that_somebody_does_not_hold_is_said_beside_the_choice(desk):
    person = desk.log_in(desk.mentor)
    with desk.factory() as session:
        query = select(CaseReader.staff_id).where(CaseReader.part == "overseer")
        other = session.scalars(query).first()
    given = {"staff": f"{other}:bestuur-van-alles", "why": "Vakantie."}
    page = person.post(f"/zaken/{desk.case_id}/overdragen", given)
    assert page.status_code == UNFIT
    assert "Kies een van de mogelijkheden." in page.get_data(as_text=True)


def test_who_hands_over_second_gets_a_calm_page(desk, monkeypatch):
    person = desk.log_in(desk.mentor)
    with desk.factory() as session:
        query = select(CaseReader.staff_id).where(CaseReader.part == "overseer")
        other = session.scalars(query).first()
        role = told.role_of(session, other)
    real = handing.roster.roster_of

    def meanwhile(session, school_id):
        monkeypatch.setattr(handing.roster, "roster_of", real)
        with desk.factory() as colleague:
            handing.hand_over(
                colleague,
                actor=desk.here.actor(colleague, desk.mentor),
                case_id=desk.case_id,
                to_staff_id=other,
                role_key=role,
                reason="eerst",
                now=told.NOW,
            )
            transaction.commit(colleague)
        return real(session, school_id)

    monkeypatch.setattr(handing.roster, "roster_of", meanwhile)
    given = {"staff": f"{other}:{role}", "why": "Ook ik."}
    page = person.post(f"/zaken/{desk.case_id}/overdragen", given)
    assert page.status_code == UNFIT
    assert "Een collega was je net voor." in page.get_data(as_text=True)


def sent(site):
    phone = site.phone()
    phone.tell()
    phone.send()
    phone.get("klaar")
    return phone.code()


def returned(site):
    code = sent(site)
    back = site.phone()
    back.get("verder")
    back.submit("/verder", {"code": code})
    return back


def test_a_reporter_is_told_that_something_was_changed(site):
    back = returned(site)
    assert REPORTER_WARNING not in back.page.text
    damage(site.session, "report")
    page = back.get("gesprek")
    assert page.status == OK
    assert REPORTER_WARNING in page.text
    assert back.submit("/gesprek", {"text": "Klopt dit?"}).status == OK


def test_a_draft_that_was_changed_gives_a_calm_page(site):
    phone = site.phone()
    phone.tell()
    damage(site.session, "draft")
    page = phone.get("nakijken")
    assert page.status == CHANGED
    assert REPORTER_WARNING in page.text


def test_readers_that_changed_are_shown_once_more_before_sending(site):
    phone = site.phone()
    phone.tell()
    phone.get("nakijken")
    gone = site.founded.member("VOS")
    accounts.disable(
        site.session, actor=SYSTEM, school_id=gone.school_id, staff_id=gone.id, now=site.clock()
    )
    transaction.commit(site.session)
    page = phone.submit("/nakijken")
    assert page.status == 400
    assert "Wie het leest is veranderd. Kijk het nog even na." in page.text
    phone.submit("/nakijken")
    assert phone.path.endswith("/klaar")


def test_a_file_that_comes_in_while_sending_goes_along(site, monkeypatch):
    phone = site.phone()
    phone.tell()
    phone.get("nakijken")
    form = phone.page.form("/nakijken")
    window = site.phone()
    window.client.set_cookie("v", phone.client.get_cookie("v").value)
    window.get("bestanden")
    real = reports.codes.mint

    def meanwhile():
        monkeypatch.setattr(reports.codes, "mint", real)
        with ThreadPoolExecutor(1) as other:
            other.submit(window.upload, ("laat.txt", b"laat")).result()
        return real()

    monkeypatch.setattr(reports.codes, "mint", meanwhile)
    phone.post(form["action"], form["fields"])
    assert phone.path.endswith("/klaar")
    assert "laat.txt" in phone.page.html
    site.session.expire_all()
    assert site.session.scalars(select(Report.status)).all() == ["sent"]


def test_a_file_is_kept_when_the_session_ends_while_it_is_looked_at(site, monkeypatch):
    back = returned(site)
    back.get("gesprek/bestanden")
    back.submit("/vraag", {"intimate": "no"})
    real = uploads.inspect_all

    def meanwhile(sinks):
        site.session.execute(delete(LiveSession))
        site.session.commit()
        real(sinks)

    monkeypatch.setattr(uploads, "inspect_all", meanwhile)
    files = [(io.BytesIO(b"laat"), "laat.txt")]
    back.submit("gesprek/bestanden", {"files": files}, content_type="multipart/form-data")
    assert back.page.status == OK
    site.session.expire_all()
    kinds = site.session.scalars(select(Record.kind)).all()
    assert kinds.count("listing") == 1
