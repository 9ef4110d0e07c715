"""The reins after sending: stop, withdraw, a new code, the name, and staff who see it."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from portal.models import OutboxMail, Report, ReporterCode
from portal.services import cases, issuing, sessions, transaction
from tests.web.reporter_site import SLUG, STORY, Page, Site

FORM = {"Sec-Fetch-Site": "same-origin"}


class Desk:
    """Somebody of the school at a screen."""

    def __init__(self, site, code):
        actor = site.actors[code]
        live = sessions.begin(
            site.session,
            kind=sessions.STAFF,
            school_id=actor.school_id,
            data={"staff": actor.id, "identity": str(actor.identity)},
            now=site.clock(),
            staff_id=actor.id,
        )
        transaction.commit(site.session)
        self.token, self.client = live.csrf_token, site.app.test_client()
        self.client.set_cookie("v", base64.urlsafe_b64encode(live.cookie).decode().rstrip("="))

    def case(self, case_id):
        return Page(self.client.get(f"/{SLUG}/bureau/zaken/{case_id}/"))

    def post(self, path, **given):
        return Page(
            self.client.post(
                f"/{SLUG}/bureau/zaken/{path}",
                data={"t": self.token, **given},
                headers=FORM,
                follow_redirects=True,
            )
        )


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    """A reporter who sent it and came back with the code."""
    phone = site.phone()
    phone.tell()
    phone.send()
    back = enter(site, phone.code())
    back.sent_code = phone.code()
    return back


def enter(site, code):
    phone = site.phone()
    phone.get("verder")
    phone.submit("/verder", {"code": code})
    return phone


def only_report(site):
    site.session.expire_all()
    return site.session.scalars(select(Report)).one()


def outbox(site):
    site.session.expire_all()
    return site.session.scalar(select(func.count()).select_from(OutboxMail))


def open_as(site, code):
    cases.note_reading(
        site.session, actor=site.actors[code], case_id=only_report(site).case_id, now=site.clock()
    )
    transaction.commit(site.session)


def test_the_conversation_offers_all_four(phone):
    for path in ("wacht", "naam", "code", "terug"):
        assert f'value="to:gesprek/{path}"' in phone.page.html


def test_stop_stands_above_the_next_step_until_it_is_lifted(site, phone):
    desk, case_id = Desk(site, "VOS"), only_report(site).case_id
    phone.get("gesprek/wacht")
    assert "Bij gevaar kan school toch iets doen." in phone.page.text
    phone.submit("/gesprek/wacht", {"text": "Eerst <b>praten</b>."})
    assert "doe nog niets" in phone.page.text
    page = desk.case(case_id)
    assert "doe nog niets" in page.text
    assert page.html.index("doe nog niets") < page.html.index('id="stap"')
    assert "Eerst &lt;b&gt;praten&lt;/b&gt;." in page.html
    phone.get("gesprek/wacht")
    phone.submit("/gesprek/wacht", {"then": "resume"})
    assert "Doe niets met dit verhaal" not in desk.case(case_id).text


def test_withdrawing_what_nobody_opened_says_so_first_and_leaves_nothing(site, phone):
    page = phone.get("gesprek/terug")
    assert "Nog niemand heeft het geopend." in page.text
    assert "wordt alles meteen gewist" in page.text
    phone.submit("/gesprek/terug")
    assert phone.path == f"/{SLUG}/gewist"
    assert STORY[:20] not in phone.get("gesprek").html
    assert enter(site, phone.sent_code).page.status == 400
    case_id = only_report(site).case_id
    assert Desk(site, "VOS").case(case_id).status == 404


def test_withdrawing_what_was_opened_says_so_first_and_staff_see_it(site, phone):
    open_as(site, "VOS")
    page = phone.get("gesprek/terug")
    assert "School heeft het al geopend." in page.text
    assert "dinsdag 15 december" in page.text
    phone.submit("/gesprek/terug")
    assert phone.path == f"/{SLUG}/gesprek"
    heading = phone.page.html.partition("<h1")[2].partition("</h1>")[0]
    assert "Je trok dit in op dinsdag 17 november." in heading
    assert "Je hoort iets op uiterlijk" not in phone.page.text
    report = only_report(site)
    desk = Desk(site, "VOS")
    page = desk.case(report.case_id)
    assert "De melder trok dit in" in page.text
    assert page.html.index("trok dit in") < page.html.index('id="stap"')
    path = f"{report.case_id}/langer"
    refused = desk.post(path, report=report.id, **{f"hold-{report.id}": " "})
    assert refused.status == 422
    desk.post(path, report=report.id, **{f"hold-{report.id}": "Er is aangifte gedaan."})
    assert only_report(site).kept_until is None
    assert "School bewaart het langer" in phone.get("gesprek").text


@pytest.mark.parametrize("way", ["aangifte", "refused", "aangiftepakket"])
def test_whoever_saw_it_by_another_door_has_opened_it_too(site, phone, way):
    desk, case_id = Desk(site, "DAM"), only_report(site).case_id
    if way == "refused":
        page = desk.post(f"{case_id}/notitie", note="")
        assert page.status == 422
    elif way == "aangifte":
        page = Page(desk.client.get(f"/{SLUG}/bureau/zaken/{case_id}/aangifte"))
    else:
        path = f"/{SLUG}/bureau/zaken/{case_id}/{way}"
        with desk.client.post(path, data={"t": desk.token}, headers=FORM) as answer:
            assert answer.get_data().startswith(b"PK")
    assert "School heeft het al geopend." in phone.get("gesprek/terug").text


def test_an_opening_in_between_turns_it_into_a_fresh_choice(site, phone):
    phone.get("gesprek/terug")
    open_as(site, "DAM")
    page = phone.submit("/gesprek/terug")
    assert page.status == 409
    assert "Er is net iets veranderd." in page.text
    assert "School heeft het al geopend." in page.text
    assert only_report(site).status == "sent"
    phone.submit("/gesprek/terug")
    assert only_report(site).status == "withdrawn"


def test_a_new_code_is_shown_once_and_ends_the_old_one(site, phone):
    elsewhere = enter(site, phone.sent_code)
    phone.get("gesprek/code")
    form = phone.page.form("/gesprek/code")
    phone.submit("/gesprek/code")
    fresh = phone.code()
    assert fresh != phone.sent_code
    phone.post(form["action"], form["fields"])
    assert phone.code() == fresh
    phone.submit("/gesprek/code", {"then": "seen"})
    assert phone.path == f"/{SLUG}/gesprek"
    assert fresh not in phone.get("gesprek/code").html
    assert STORY[:20] not in elsewhere.get("gesprek").html
    old = enter(site, phone.sent_code)
    assert old.page.status == 410
    assert "Die is genomen op dinsdag 17 november." in old.page.text
    assert STORY[:20] not in old.page.html
    assert not old.client.get_cookie("v")
    assert STORY[:20] in enter(site, fresh).page.text


def renewed(phone):
    """Take a new code, and have it."""
    phone.get("gesprek/code")
    phone.submit("/gesprek/code")
    fresh = phone.code()
    phone.submit("/gesprek/code", {"then": "seen"})
    return fresh


def test_who_was_locked_out_can_say_so_to_staff_and_to_nobody_else(site, phone):
    fresh, case_id = renewed(phone), only_report(site).case_id
    assert (
        "Op dinsdag 17 november is een nieuwe code genomen." in Desk(site, "VOS").case(case_id).text
    )
    pupil = enter(site, phone.sent_code)
    form = pupil.page.form("/verder/niet-ik")
    site.clock.forward(days=1)
    assert "Dat is doorgegeven." in pupil.post(form["action"], form["fields"]).text
    said = "Met de oude code is op woensdag 18 november gezegd: ik nam de nieuwe code niet."
    assert said in Desk(site, "VOS").case(case_id).text
    mails = outbox(site)
    pupil.post(form["action"], form["fields"])
    assert outbox(site) == mails
    other = enter(site, fresh)
    assert STORY[:20] in other.page.text
    assert "nieuwe code niet" not in other.page.text
    assert "oude code" not in other.page.text


@pytest.mark.parametrize("code", ["0000000000000000", "", "live"])
def test_only_a_replaced_code_can_say_so(site, phone, code):
    code = phone.sent_code if code == "live" else code
    stranger = site.phone()
    stranger.get("verder")
    page = stranger.post("verder/niet-ik", {"code": code})
    assert page.status == 400
    assert "gezegd: ik nam" not in Desk(site, "VOS").case(only_report(site).case_id).text


def test_two_phones_at_one_moment_get_one_new_code_and_one_clear_page(site, phone, monkeypatch):
    phones = [enter(site, phone.sent_code) for _ in range(2)]
    both, give = threading.Barrier(2, timeout=30), issuing.give

    def together(*args, **given):
        made = give(*args, **given)
        both.wait()  # each has made its code, none has written it
        return made

    forms = [one.get("gesprek/code").form("/gesprek/code") for one in phones]
    monkeypatch.setattr(issuing, "give", together)
    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(one.post, form["action"], form["fields"])
            for one, form in zip(phones, forms, strict=True)
        ]
        pages = sorted((one.result() for one in sent), key=lambda page: page.status)
    monkeypatch.undo()
    assert [page.status for page in pages] == [200, 409]
    assert "Er is een nieuwe code." in pages[1].text
    assert 'class="code"' not in pages[1].html
    winner, loser = sorted(phones, key=lambda one: one.page.status)
    fresh = winner.code()
    live = select(ReporterCode).where(ReporterCode.retired_at.is_(None))
    site.session.expire_all()
    assert len(site.session.scalars(live).all()) == 1
    assert STORY[:20] in enter(site, fresh).page.text
    assert STORY[:20] not in loser.get("gesprek").html


def test_the_name_goes_to_whom_the_reporter_chooses_and_back(site, phone):
    case_id = only_report(site).case_id
    page = phone.get("gesprek/naam")
    assert "Niemand op school kan je naam openen." in page.text
    refused = phone.submit("/gesprek/naam", {"who": "handlers", "name": ""})
    assert refused.status == 400
    phone.get("gesprek/naam")
    given = {"who": "persons", "staff": site.staff_id("VOS"), "name": "Wolkje Zonderling"}
    phone.submit("/gesprek/naam", given)
    assert "Wolkje Zonderling" in Desk(site, "VOS").case(case_id).text
    assert "Wolkje Zonderling" not in Desk(site, "DAM").case(case_id).text
    page = phone.get("gesprek/naam")
    assert "Mevrouw Vos" in page.text.partition("Deze mensen kunnen je naam openen")[2][:80]
    phone.submit("/gesprek/naam", {"who": "nobody"})
    page = Desk(site, "VOS").case(case_id)
    assert "Wolkje Zonderling" not in page.text
    assert "De melder wil geen naam geven." in page.text


def test_an_earlier_report_is_a_hint_to_staff_and_nothing_is_linked(site):
    phone = site.phone()
    phone.tell()
    phone.get("vraag/eerder")
    phone.answer({"earlier-when": "net na de vakantie", "earlier-whom": "mijn mentor"})
    assert "net na de vakantie" in phone.get("nakijken").text
    phone.send()
    page = Desk(site, "VOS").case(only_report(site).case_id)
    assert "Hoort volgens de melder bij een eerdere melding" in page.text
    assert "net na de vakantie" in page.text


def test_nothing_of_it_is_reached_without_the_code_or_after_a_pause(site, phone):
    stranger = site.phone()
    for path in ("wacht", "naam", "code", "terug"):
        stranger.get(f"gesprek/{path}")
        assert stranger.page.status in {200, 410}
        assert "/gesprek/" not in stranger.path or stranger.page.status == 410
    site.clock.forward(minutes=11)
    for path in ("wacht", "naam", "code", "terug"):
        assert "Even pauze." in phone.get(f"gesprek/{path}").text
