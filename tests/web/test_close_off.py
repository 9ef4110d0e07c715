"""One press for what staff should not see: gone for everybody, steps and a task stay."""

import re

import pytest
from sqlalchemy import select

from portal.models import Case, EvidenceItem, OutboxMail
from portal.services import case_keys
from tests.web.desk_site import FILE_NAMES, copy_of_site


@pytest.fixture
def desk(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(desk):
    return desk.log_in(desk.mentor)


def picture(desk):
    return desk.evidence[FILE_NAMES[0]]


def address(desk, item, tail=""):
    return f"/zaken/{desk.case_id}/bewijs/{item}/{tail}"


def test_one_press_and_the_open_page_of_a_colleague_shows_nothing_more(desk, person):
    item = picture(desk)
    colleague = desk.log_in(overseer(desk))
    assert colleague.get(address(desk, item, "beeld/clear")).status_code == 200
    page = person.get(address(desk, item, "dicht")).get_data(as_text=True)
    assert "Dit kan niet terug." in page
    answer = person.post(address(desk, item, "dicht"), {})
    assert answer.status_code == 303
    for kind in ("clear", "blurred"):
        assert colleague.get(address(desk, item, f"beeld/{kind}")).status_code == 404
    assert colleague.get(address(desk, item, "origineel")).status_code == 403
    assert colleague.get(address(desk, item, "kopie")).status_code == 404


def overseer(desk):
    with desk.factory() as session:
        case = session.get_one(Case, desk.case_id)
        rows = case_keys.readers_of(session, case, live_only=True)
        return next(desk.here.code_of(row.staff_id) for row in rows if row.part == "overseer")


def test_the_page_then_says_what_to_do_and_who_saw_it(desk, person):
    item = picture(desk)
    desk.log_in(overseer(desk)).get(address(desk, item, "beeld/clear"))
    person.post(address(desk, item, "dicht"), {})
    page = person.get(address(desk, item)).get_data(as_text=True)
    assert "Niet bekijken, niet kopiëren, niet doorsturen." in page
    assert "Bel vandaag de politie: 0900-8844." in page
    assert "Daarvoor geopend door:" in page
    assert "nagekeken op" in page
    assert "<img" not in page
    assert "Haal het origineel op" not in page
    assert re.search(r"[0-9a-f]{64}", page)


def test_the_task_stands_on_the_case_until_somebody_wrote_what_was_done(desk, person):
    item = picture(desk)
    person.post(address(desk, item, "dicht"), {})
    case = f"/zaken/{desk.case_id}/"
    assert "vandaag bellen met de politie" in person.get(case).get_data(as_text=True)
    refused = person.post(address(desk, item, "gedaan"), {"handled": " "})
    assert refused.status_code == 422
    assert "Schrijf eerst op wat er is gedaan." in refused.get_data(as_text=True)
    person.post(address(desk, item, "gedaan"), {"handled": "Zeden gebeld, afspraak morgen."})
    assert "vandaag bellen met de politie" not in person.get(case).get_data(as_text=True)
    assert "Zeden gebeld" in person.get(address(desk, item)).get_data(as_text=True)
    with desk.factory() as session:
        assert session.get_one(Case, desk.case_id).urgent
        keys = session.scalars(select(OutboxMail.dedupe_key)).all()
        assert len([key for key in keys if key.startswith(f"sealed:{item}")]) >= 2


def test_of_a_zip_the_names_are_listed_and_the_whole_goes_dark(desk, person):
    item = next(item for name, item in desk.evidence.items() if name.endswith(".zip"))
    page = person.get(address(desk, item)).get_data(as_text=True)
    assert "We pakken het niet uit." in page
    member = re.search(r"dicht\?lid=([^\"&]+)\"", page).group(1)
    page = person.get(address(desk, item, f"dicht?lid={member}")).get_data(as_text=True)
    assert "Het hele pakje gaat dicht." in page
    assert "checked" in page
    person.post(address(desk, item, "dicht"), {"member": "foto.jpg"})
    page = person.get(address(desk, item)).get_data(as_text=True)
    assert "Het ging om foto.jpg in het pakje." in page
    assert "We pakken het niet uit." not in page


def test_the_packet_leaves_it_out_and_the_dossier_names_it_by_digest(desk, person):
    item = picture(desk)
    person.post(address(desk, item, "dicht"), {})
    base = f"/zaken/{desk.case_id}"
    page = person.get(f"{base}/aangifte").get_data(as_text=True)
    assert "gaat niet mee." in page
    assert f'value="{item}"' not in page
    assert person.post(f"{base}/aangiftepakket", {"item": item}).status_code == 422


def test_an_outsider_can_neither_ask_nor_press(desk):
    item = picture(desk)
    outsider = desk.log_in(desk.shut_out)
    assert outsider.get(address(desk, item, "dicht")).status_code == 404
    assert outsider.post(address(desk, item, "dicht"), {}).status_code == 404
    with desk.factory() as session:
        assert session.get_one(EvidenceItem, item).sealed_record_id is None
