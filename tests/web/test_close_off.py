"""One press for what staff should not see: gone for everybody, steps and a task stay."""

import hashlib
import io
import re
import zipfile

import pytest
from sqlalchemy import delete, select

from portal.models import Case, CustodyEvent, Derivative, EvidenceItem, OutboxMail, Wrap
from portal.services import audit, case_keys, keys
from tests.web.desk_site import FILE_NAMES, copy_of_site
from tests.web.test_staff_desk_work import words_of_pdf


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


def findings(desk):
    """What fsck says, but for the staff of this world, whose keys nobody confirmed."""
    with desk.factory() as session:
        found = audit.check_all(
            session, instance=desk.here.keys, store=desk.here.store, read_all=True
        )
        return {one.code for one in found} - {"recipient"}


def zip_of(desk):
    return next(item for name, item in desk.evidence.items() if name.endswith(".zip"))


def boxes(page):
    """Which members can be pointed at, by name."""
    row = r'<b>([^<]+)</b>(?:<small>[^<]*</small>)?</span><input type="checkbox" name="member" '
    found = re.findall(row + r'value="(\d+)"([^>]*)>', page)
    return {name: (place, "checked" in rest) for name, place, rest in found}


def test_of_a_zip_one_member_goes_and_the_rest_stays_to_be_read(desk, person):
    item = zip_of(desk)
    page = person.get(address(desk, item)).get_data(as_text=True)
    assert "We pakken het niet uit." in page
    page = person.get(address(desk, item, "dicht?lid=IMG-20260914-WA0003.jpg")).get_data(True)
    known = boxes(page)
    assert [name for name, (_, marked) in known.items() if marked] == ["IMG-20260914-WA0003.jpg"]
    before = zipfile.ZipFile(io.BytesIO(person.get(address(desk, item, "origineel")).data))
    gone = before.read("IMG-20260914-WA0003.jpg")
    kept = {name: before.read(name) for name in before.namelist() if before.read(name) != gone}
    assert kept
    answer = person.post(
        address(desk, item, "dicht"), {"member": known["IMG-20260914-WA0003.jpg"][0]}
    )
    assert answer.status_code == 303
    colleague = desk.log_in(overseer(desk))
    page = colleague.get(address(desk, item)).get_data(as_text=True)
    assert "Het ging om IMG-20260914-WA0003.jpg in het pakje. De rest is er als kopie." in page
    assert "De kopie is afgeleid: het origineel is verzegeld." in page
    assert colleague.get(address(desk, item, "origineel")).status_code == 403
    answer = colleague.get(address(desk, item, "overig"))
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as rest:
        assert {name: rest.read(name) for name in rest.namelist()} == kept
    assert gone not in answer.data
    assert findings(desk) == set()


def test_the_dossier_names_the_copy_of_a_zip_and_says_that_it_is_none_of_the_originals(
    desk, person
):
    item = zip_of(desk)
    place = boxes(person.get(address(desk, item, "dicht")).get_data(True))[
        "IMG-20260914-WA0003.jpg"
    ]
    person.post(address(desk, item, "dicht"), {"member": place[0]})
    copy = person.get(address(desk, item, "overig")).data
    given = {"item": desk.evidence["kluisje.png"], "reporter": "A. Ouder"}
    packet = person.post(f"/zaken/{desk.case_id}/aangiftepakket", given).data
    with zipfile.ZipFile(io.BytesIO(packet)) as pack:
        dossier = next(name for name in pack.namelist() if name.endswith("dossier.pdf"))
        words = words_of_pdf(pack.read(dossier))
    assert "Er is een afgeleide kopie van dit pakje, zonder wat gesloten is" in words
    assert "Zij is geen origineel." in words
    assert hashlib.sha256(copy).hexdigest() in words.replace(" ", "")


def test_more_of_a_zip_can_go_and_at_last_all_of_it(desk, person):
    item = zip_of(desk)
    for _ in range(2):
        known = boxes(person.get(address(desk, item, "dicht")).get_data(as_text=True))
        name, (place, _marked) = next(iter(known.items()))
        person.post(address(desk, item, "dicht"), {"member": place})
        answer = person.get(address(desk, item, "overig"))
        if answer.status_code == 200:
            assert name not in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    person.post(address(desk, item, "dicht"), {})
    assert person.get(address(desk, item, "overig")).status_code == 404
    page = person.get(address(desk, item)).get_data(as_text=True)
    assert "Haal de rest op" not in page
    assert findings(desk) == set()


@pytest.mark.parametrize("member", ["", "999", "-1", "x"])
def test_who_points_at_nothing_in_a_zip_closes_all_of_it(desk, person, member):
    item = zip_of(desk)
    person.post(address(desk, item, "dicht"), {"member": member})
    assert person.get(address(desk, item, "overig")).status_code == 404
    assert person.get(address(desk, item, "origineel")).status_code == 403
    assert "We pakken het niet uit." not in person.get(address(desk, item)).get_data(as_text=True)


def test_what_nobody_could_open_again_is_shut_all_the_same_and_the_page_says_so(desk, person):
    """Without two recovery holders sealing would be losing; showing it goes away nevertheless."""
    item = picture(desk)
    colleague = desk.log_in(overseer(desk))
    assert colleague.get(address(desk, item, "beeld/clear")).status_code == 200
    with desk.factory() as session:
        session.execute(delete(Wrap).where(Wrap.holder_kind == keys.PAIR))
        session.commit()
    for _ in range(2):
        assert person.post(address(desk, item, "dicht"), {}).status_code == 303
    page = person.get(address(desk, item)).get_data(as_text=True)
    assert "Dit bestand is dicht, maar niet verzegeld." in page
    assert "Bel vandaag de politie" in page
    assert "Haal het origineel op" not in page
    for kind in ("clear", "blurred"):
        assert colleague.get(address(desk, item, f"beeld/{kind}")).status_code == 404
    assert colleague.get(address(desk, item, "origineel")).status_code == 403
    assert "vandaag bellen met de politie" in person.get(f"/zaken/{desk.case_id}/").get_data(True)
    with desk.factory() as session:
        assert session.get_one(EvidenceItem, item).sealed_record_id is None
        shown = select(Derivative).where(Derivative.evidence_id == item)
        assert session.scalars(shown).all() == []
        kinds = session.scalars(select(CustodyEvent.kind)).all()
        assert kinds.count("evidence:withheld") == 1


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
