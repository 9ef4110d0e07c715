"""Staff pages over HTTP: activation, log-in, log-out, recovery, colleagues, administration."""

import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from portal.models import School
from portal.services import slots
from tests.services import founded as setting
from tests.web.staff_site import FORM, Browser, site_with_cheap_keys


@pytest.fixture
def site(tmp_path, monkeypatch):
    return site_with_cheap_keys(tmp_path, monkeypatch)


def is_in(browser):
    return browser.get("/linde/bureau/account").status_code == 200


def test_a_person_activates_logs_out_and_logs_in(site):
    person = site.activate("VOS")
    assert len(person.recovery) == 7
    assert len(person.fingerprint) == 6
    assert is_in(person)
    assert person.groups("Cijfers van je sleutel") == person.fingerprint
    person.post("/linde/bureau/uitloggen")
    assert not is_in(person)
    site.later(minutes=1)
    again = site.log_in("vos", person.secret)
    assert again.response.status_code == 303
    assert is_in(again)


def test_a_copied_cookie_is_dead_after_log_out(site):
    person = site.activate("VOS")
    cookie = person.client.get_cookie("v")
    is_in(person)
    person.post("/linde/bureau/uitloggen")
    thief = Browser(site)
    thief.client.set_cookie("v", cookie.value)
    assert not is_in(thief)


def test_the_staff_cookie_is_strict_and_out_of_reach_of_scripts(site):
    person = site.activate("VOS")
    site.later(minutes=1)
    header = site.log_in("vos", person.secret).response.headers["Set-Cookie"]
    assert "SameSite=Strict" in header
    assert "HttpOnly" in header


def test_the_page_says_what_was_wrong_and_logs_nobody_in(site):
    person = site.activate("VOS")
    wrong = site.log_in("vos", person.secret, passphrase="een heel andere zin dan die")
    assert wrong.response.status_code == 400
    assert "Dit klopt niet" in wrong.page
    assert 'value="vos"' in wrong.page
    assert "een heel andere zin" not in wrong.page
    assert not is_in(wrong)


def test_known_and_unknown_accounts_get_the_same_page(site):
    person = site.activate("VOS")
    pages = []
    for login in ("vos", "zzz"):
        tried = site.log_in(login, person.secret, passphrase="een heel andere zin dan die")
        pages.append((tried.response.status_code, tried.page.replace(login, "…")))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"passphrase": "te kort"}, "minstens 12 tekens"),
        ({"passphrase": "Lindecollege2026"}, "makkelijk te raden"),
        ({"code": "000000"}, "Deze cijfers kloppen niet"),
        ({"activation": "AAAA-AAAA-AAAA-AAAA"}, "Deze code werkt niet"),
    ],
)
def test_activation_tells_what_is_wrong_and_keeps_the_secret(site, change, sentence):
    browser = Browser(site)
    browser.post("/linde/bureau/activeren", {"activation": site.founded.codes["BAK"]})
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', browser.page).group(1)
    fields = {
        "activation": site.founded.codes["BAK"],
        "secret": secret,
        "passphrase": setting.PASSPHRASE,
        "code": setting.code_at(secret, site.moment),
    }
    refused = browser.post("/linde/bureau/activeren", {**fields, **change})
    assert refused.status_code == 400
    assert sentence in browser.page
    assert setting.PASSPHRASE not in browser.page
    if "activation" not in change:
        assert f'value="{secret}"' in browser.page
        assert browser.post("/linde/bureau/activeren", fields).status_code == 200


def test_reloading_the_activation_shows_no_second_recovery_code(site):
    person = site.activate("BAK")
    again = Browser(site)
    response = again.post("/linde/bureau/activeren", {"activation": site.founded.codes["BAK"]})
    assert response.status_code == 400
    assert "al gebruikt" in again.page
    assert "".join(person.recovery) not in again.page


def test_the_qr_code_needs_no_style_and_no_other_address(site):
    browser = Browser(site)
    browser.post("/linde/bureau/activeren", {"activation": site.founded.codes["BAK"]})
    picture = re.search(r"<svg[^>]*>(?:(?!</svg>).)*</svg>", browser.page.split('class="qr"')[1])
    assert picture
    assert "style" not in picture.group(0)
    assert "data:" not in picture.group(0)


def test_idle_for_fifteen_minutes_is_logged_out(site):
    person = site.activate("VOS")
    site.later(minutes=16)
    assert not is_in(person)


def test_whoever_is_at_work_stays_logged_in_for_eight_hours(site):
    person = site.activate("VOS")
    for _ in range(47):
        site.later(minutes=10)
        assert is_in(person)
    site.later(minutes=10)
    assert not is_in(person)


def test_a_removed_member_is_out_on_the_next_request(site):
    founder, member = site.activate("VOS"), site.activate("BAK")
    assert is_in(member)
    founder.get("/linde/beheer")
    link = re.search(
        r'href="(/linde/beheer/[a-z2-7]+)"(?:(?!</a>).)*<b>Marijke Bakker', founder.page
    )
    founder.get(link.group(1))
    assert founder.post(f"{link.group(1)}/beeindigen").status_code == 303
    assert not is_in(member)
    site.later(minutes=1)
    assert site.log_in("bak", member.secret).response.status_code == 400


def test_recovery_sets_a_new_passphrase_and_shows_a_new_code(site):
    person = site.activate("BAK")
    site.later(minutes=1)
    browser = Browser(site)
    done = browser.post(
        "/linde/bureau/herstel",
        {
            "login": "bak",
            "recovery": "-".join(person.recovery).lower(),
            "code": setting.code_at(person.secret, site.moment),
            "passphrase": "acht blauwe vogels op het dak",
        },
    )
    assert done.status_code == 200
    fresh = browser.groups("Herstelcode")
    assert len(fresh) == 7
    assert fresh != person.recovery
    assert is_in(browser)
    assert not is_in(person)
    site.later(minutes=1)
    again = site.log_in("bak", person.secret, passphrase="acht blauwe vogels op het dak")
    assert again.response.status_code == 303


def test_colleagues_confirm_by_typing_what_was_read_aloud(site):
    founder, member = site.activate("VOS"), site.activate("BAK")
    founder.get("/linde/bureau/collegas")
    path = re.search(r'action="(/linde/bureau/collegas/[a-z2-7]+)"', founder.page).group(1)
    assert "".join(member.fingerprint) not in re.sub(r"\W", "", founder.page)
    wrong = founder.post(path, {"fingerprint": " ".join(founder.fingerprint)})
    assert wrong.status_code == 400
    assert "zijn niet die van de sleutel" in founder.page
    assert founder.post(path, {"fingerprint": " ".join(member.fingerprint)}).status_code == 303
    member.get("/linde/bureau/account")
    assert "Sleutel bevestigd" in member.page


def test_an_unconfirmed_member_cannot_confirm(site):
    founder, member = site.activate("VOS"), site.activate("BAK")
    site.activate("WIT")
    founder.get("/linde/bureau/collegas")
    path = re.search(r'action="(/linde/bureau/collegas/[a-z2-7]+)"', founder.page).group(1)
    member.get("/linde/bureau/account")
    assert member.post(path, {"fingerprint": "1" * 24}).status_code == 403


@pytest.mark.parametrize("path", ["/linde/beheer", "/linde/beheer/rooster"])
def test_pages_of_the_administrator_are_closed_to_others(site, path):
    member = site.activate("BAK")
    assert member.get(path).status_code == 403
    assert Browser(site).get(path).status_code == 303


@pytest.mark.parametrize("path", ["beheer", "beheer/rooster", "bureau/zaken", "bureau/account"])
def test_a_slash_behind_an_address_leads_to_the_same_page(site, path):
    founder = site.activate("VOS")
    for address in (f"/linde/{path}", f"/linde/{path}/"):
        assert founder.get(address).status_code == 200
    assert Browser(site).get(f"/linde/{path}/").headers["Location"].endswith("bureau/inloggen")


def test_the_administrator_sees_which_routes_of_an_open_school_lack_readers(site):
    founder = site.activate("VOS")
    founder.get("/linde/beheer")
    assert "School is nog niet open voor meldingen" in founder.page
    with site.parts.session_factory() as session:
        session.scalars(select(School)).one().opened_at = setting.NOW
        session.commit()
    founder.get("/linde/beheer")
    assert "Niet elke melding bereikt twee mensen." in founder.page
    assert "Er zijn er twee nodig." in founder.page
    assert "nog niet open" not in founder.page


def test_a_post_from_another_site_or_without_the_token_is_refused(site):
    founder = site.activate("VOS")
    founder.get("/linde/beheer")
    path = re.search(r'href="(/linde/beheer/[a-z2-7]{26})"', founder.page).group(1)
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert founder.client.post(f"{path}/uitnodigen", headers=cross).status_code == 403
    assert founder.client.post(f"{path}/uitnodigen", headers=FORM).status_code == 400
    login = founder.client.post("/linde/bureau/inloggen", headers=cross, data={"login": "x"})
    assert login.status_code == 403


def test_an_invitation_shows_a_code_that_works(site):
    founder = site.activate("VOS")
    founder.get("/linde/beheer")
    link = re.search(r'href="(/linde/beheer/[a-z2-7]+)"(?:(?!</a>).)*<b>Sem Jansen', founder.page)
    founder.get(link.group(1))
    founder.post(f"{link.group(1)}/uitnodigen")
    site.founded.codes["JAN"] = "".join(founder.groups("Activeringscode"))
    assert is_in(site.activate("JAN"))


def test_a_person_of_another_school_cannot_be_managed(site):
    founder = site.activate("VOS")
    other = setting.found_school(site.parts.session_factory(), slug="beuk")
    target = other.member("BAK").id
    founder.get("/linde/beheer")
    for action in ("uitnodigen", "opnieuw", "beeindigen"):
        assert founder.post(f"/linde/beheer/{target}/{action}").status_code == 404
        founder.get("/linde/beheer")
    assert founder.get(f"/linde/beheer/{target}").status_code == 404


def test_the_roster_is_looked_at_first_and_then_taken_over(site):
    founder = site.activate("VOS")
    staff = setting.STAFF_CSV + "KOK;Éva Kok;kok@school.example;docent;;;\n"
    founder.get("/linde/beheer/rooster")
    files = {
        "staff": (io.BytesIO(staff.encode("cp1252")), "staff.csv"),
        "classes": (io.BytesIO(setting.CLASSES_CSV.encode()), "classes.csv"),
    }
    founder.post("/linde/beheer/rooster", files, content_type="multipart/form-data")
    assert "+ KOK Éva Kok  docent" in founder.page
    texts = re.findall(
        r"<textarea name=\"(\w+)\" hidden>\n(.*?)</textarea>", founder.page, re.DOTALL
    )
    done = founder.post("/linde/beheer/rooster", {**dict(texts), "apply": "1"})
    assert done.status_code == 303
    founder.get("/linde/beheer")
    assert "Éva Kok" in founder.page


def test_mistakes_in_the_roster_are_shown_with_their_place(site):
    founder = site.activate("VOS")
    founder.get("/linde/beheer/rooster")
    founder.post(
        "/linde/beheer/rooster",
        {"staff_text": setting.STAFF_CSV.replace("dewit@", "dewit"), "classes_text": "klas\n1A\n"},
    )
    assert "staff.csv regel 3, kolom email" in founder.page
    assert "Er is niets veranderd" in founder.page


def test_many_honest_log_ins_from_one_address_are_not_slowed(site):
    person = site.activate("VOS")
    for _ in range(15):
        site.later(seconds=30)
        assert site.log_in("vos", person.secret).response.status_code == 303


def test_thirty_log_ins_at_once_are_all_answered_and_more_than_fit_are_put_off(site, monkeypatch):
    person = site.activate("VOS")
    site.later(minutes=1)

    def attempt(number):
        wrong = {"login": f"nobody{number}", "passphrase": "een of andere zin"}
        return Browser(site).post("/linde/bureau/inloggen", wrong).status_code

    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(attempt, range(30))) == [400] * 30
    monkeypatch.setattr(slots, "PLACES", threading.BoundedSemaphore(1))
    with slots.PLACES:
        assert attempt(31) == 503
    assert site.log_in("vos", person.secret).response.status_code == 303


def test_pages_of_one_school_are_closed_to_staff_of_another(site):
    other = setting.found_school(site.parts.session_factory(), slug="beuk")
    other.session.close()
    person = site.activate("VOS")
    assert person.get("/beuk/bureau/account").status_code == 303
