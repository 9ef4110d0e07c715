"""Overviews, search and several cases at once over HTTP: what they show to whom, and what not."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.models import Approval, Case, CaseReader, Record, new_id
from portal.services import transaction
from tests.services import world as told
from tests.web.desk_site import FILE_NAMES, NAME, STORY, copy_of_site

OK, SEE_OTHER, UNFIT = 200, 303, 422
LISTS = ("mijn", "wacht", "mee", "alle", "klaar")
MANY = 60


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    return copy_of_site(tmp_path_factory.mktemp("overviews"))


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


def text_of(response):
    return response.get_data(as_text=True)


def labels(page):
    return re.findall(r"Kies zaak (\w{3}-\w{3})", page)


def add_rows(site, count, first=0, **different):
    """Cases without keys: overviews open none."""
    with site.factory() as session:
        like = session.get_one(Case, site.case_id)
        columns = {c.name: getattr(like, c.name) for c in Case.__table__.columns}
        for number in range(first, first + count):
            row = {**columns, "id": new_id(), "label": f"{number:03}-ABC", **different}
            session.add(Case(**row))
            session.add(
                CaseReader(
                    id=new_id(),
                    school_id=like.school_id,
                    case_id=row["id"],
                    staff_id=like.handler_id,
                    part="handler",
                    since=told.NOW,
                )
            )
        transaction.commit(session)


def test_pages_hold_every_case_once_and_no_word_of_what_was_told(site):
    add_rows(site, MANY)
    person = site.log_in(site.mentor)
    found = []
    for number in (1, 2, 3):
        page = text_of(person.get(f"/zaken?lijst=mijn&p={number}"))
        found += labels(page)
        for secret in (STORY, NAME, *FILE_NAMES):
            assert secret not in page
    assert len(found) == len(set(found)) == MANY + 1
    assert labels(text_of(person.get("/zaken?p=99"))) == found[50:]


@pytest.mark.parametrize(
    ("query", "different"),
    [
        ("status=talking", {"status": "talking"}),
        ("laat=1", {"due_on": told.NOW.date() - timedelta(days=3)}),
        ("spoed=1", {"urgent": True}),
        ("klas=3B", {"classes": "1A, 3B"}),
        ("lijst=klaar", {"status": "closed"}),
        ("rol=schoolleiding", {"role_key": "schoolleiding"}),
    ],
)
def test_a_filter_leaves_only_what_fits(site, query, different):
    add_rows(site, 2, **different)
    page = text_of(site.log_in(site.mentor).get(f"/zaken?{query}"))
    assert sorted(labels(page)) or "klaar" in query
    assert "000-ABC" in page
    with site.factory() as session:
        other = session.get_one(Case, site.case_id).label
    assert other not in page


def test_only_cases_whose_reporter_waits(site):
    add_rows(site, 2, waiting_for_staff=False)
    page = text_of(site.log_in(site.mentor).get("/zaken?antwoord=1"))
    with site.factory() as session:
        assert labels(page) == [session.get_one(Case, site.case_id).label]


def test_a_case_waits_for_others_while_an_approval_is_asked(site):
    person = site.log_in(site.mentor)
    with site.factory() as session:
        case = session.get_one(Case, site.case_id)
        case.waiting_for_staff, case.read_at = False, told.NOW
        label = case.label
        transaction.commit(session)
    assert labels(text_of(person.get("/zaken?lijst=wacht"))) == []
    with site.factory() as session:
        row = Approval(
            id=new_id(),
            school_id=site.here.school.id,
            case_id=site.case_id,
            approver_id=site.here.ids[site.accused],
            record_id=session.scalars(select(Record.id)).first(),
            gate_key="akkoord",
            due_on=told.NOW.date(),
        )
        session.add(row)
        transaction.commit(session)
    assert labels(text_of(person.get("/zaken?lijst=wacht"))) == [label]
    with site.factory() as session:
        session.scalars(select(Approval)).one().state = "agreed"
        transaction.commit(session)
    assert labels(text_of(person.get("/zaken?lijst=wacht"))) == []


@pytest.mark.parametrize("query", ["p=-1", "p=" + "9" * 30, "lijst=x", "status=%00", "klas=%25"])
def test_odd_addresses_give_a_page(filled, query):
    assert filled.log_in(filled.mentor).get(f"/zaken?{query}").status_code == OK


def test_who_is_shut_out_sees_no_row_no_count_and_finds_nothing(filled):
    for code in (filled.shut_out, filled.accused):
        person = filled.log_in(code)
        for name in LISTS:
            page = text_of(person.get(f"/zaken?lijst={name}"))
            assert labels(page) == []
            assert set(re.findall(r"<b>(\d+)</b>", page)) == {"0"}
        with filled.factory() as session:
            label = session.get_one(Case, filled.case_id).label
        for asked in (label, "1A", "heel gewoon"):
            page = text_of(person.post("/zoek", {"text": asked}))
            assert "Niets gevonden" in page
            assert "kon niet gezocht" not in page
        refused = person.post("/zaken", {"case": filled.case_id, "do": "hand", "why": "x"})
        assert refused.status_code == UNFIT
        assert label not in text_of(refused)


def test_searching_finds_and_keeps_nothing(site):
    person, before = site.log_in(site.mentor), site.written()
    found = person.post("/zoek", {"text": "1A"})
    assert found.status_code == OK
    assert f"/zaken/{site.case_id}/" in text_of(found)
    assert site.written() == before
    assert person.post("/zoek", {"text": " "}).status_code == UNFIT


def test_several_cases_go_to_one_colleague_and_who_is_shut_out_gets_none(site):
    person = site.log_in(site.mentor)
    page = text_of(person.get("/zaken"))
    options = dict(re.findall(r'<option value="(\w+:\w+)">([^<]+)</option>', page))
    kept_out = next(key for key in options if key.startswith(site.here.ids[site.shut_out]))
    refused = text_of(
        person.post(
            "/zaken", {"case": site.case_id, "do": "hand", "staff": kept_out, "why": "Ik ben weg."}
        )
    )
    assert "Niet gelukt" in refused
    taker = next(key for key in options if key.startswith(site.here.ids[site.accused]) is False
                 and not key.startswith(site.here.ids[site.shut_out]))  # fmt: skip
    done = person.post(
        "/zaken", {"case": site.case_id, "do": "hand", "staff": taker, "why": "Ik ben weg."}
    )
    assert "Gedaan: 1" in text_of(done)
    with site.factory() as session:
        assert session.get_one(Case, site.case_id).handler_id == taker.partition(":")[0]


def test_a_case_that_is_not_opened_is_never_said_to_be_read(site):
    person = site.log_in(site.mentor)
    with site.factory() as session:
        session.get_one(Case, site.case_id).read_at = None
        session.get_one(Case, site.case_id).handed_at = datetime(2026, 11, 16, 9, tzinfo=UTC)
        transaction.commit(session)
    assert "Gedaan: 1" in text_of(person.post("/zaken", {"case": site.case_id, "do": "seen"}))
    with site.factory() as session:
        case = session.scalars(select(Case).where(Case.id == site.case_id)).one()
        assert (case.read_at, case.handed_at) == (None, None)
