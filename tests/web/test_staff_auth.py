"""Staff pages over HTTP: activation, log-in, log-out, recovery, colleagues, administration."""

import contextlib
import io
import queue
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal.app import create_app
from portal.config import Settings
from portal.migrations.run import upgrade
from portal.services import derivation, printed_codes, slots
from portal.web.staff import attempts
from tests.services import founded as setting

FORM = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """A client with a clock of its own, that reads pages as a person does."""

    def __init__(self, site):
        self.site = site
        self.client = site.app.test_client()
        self.page = ""

    def get(self, path):
        response = self.client.get(path)
        self.page = response.get_data(as_text=True)
        return response

    def post(self, path, data=None, headers=FORM, **options):
        token = re.search(r'name="t" value="([^"]+)"', self.page)
        fields = {**({"t": token.group(1)} if token else {}), **(data or {})}
        response = self.client.post(path, data=fields, headers=headers, **options)
        self.page = response.get_data(as_text=True)
        return response

    def groups(self, label):
        found = re.search(rf'aria-label="{label}">(.*?)</ul>', self.page, re.DOTALL)
        return re.findall(r"<li>([^<]+)</li>", found.group(1))


class Site:
    """An application on a founded school, with a clock that the test moves."""

    def __init__(self, folder):
        self.moment = setting.NOW
        settings = Settings(instance_dir=folder)
        self.app = create_app(settings, clock=lambda: self.moment)
        self.app.testing = True
        self.parts = self.app.extensions["portal"]
        setting.KEYS = self.parts.keys
        factory = self.parts.session_factory
        upgrade(factory.kw["bind"])
        self.founded = setting.found_school(factory())
        self.founded.session.close()

    def later(self, **amount):
        self.moment += timedelta(**amount)

    def activate(self, code, passphrase=setting.PASSPHRASE):
        browser = Browser(self)
        browser.get("/linde/bureau/activeren")
        shown = browser.post(
            "/linde/bureau/activeren", {"activation": self.founded.codes[code].lower()}
        )
        assert shown.status_code == 200, browser.page
        secret = re.search(r'name="secret" value="([A-Z2-7]+)"', browser.page).group(1)
        done = browser.post(
            "/linde/bureau/activeren",
            {
                "activation": self.founded.codes[code],
                "secret": secret,
                "passphrase": passphrase,
                "code": setting.code_at(secret, self.moment),
            },
        )
        assert done.status_code == 200, browser.page
        browser.secret = secret
        browser.recovery = browser.groups("Herstelcode")
        browser.fingerprint = browser.groups("Cijfers van je sleutel")
        return browser

    def log_in(self, login, secret, passphrase=setting.PASSPHRASE):
        browser = Browser(self)
        browser.response = browser.post(
            "/linde/bureau/inloggen",
            {
                "login": login,
                "passphrase": passphrase,
                "code": setting.code_at(secret, self.moment),
            },
        )
        return browser


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    monkeypatch.setattr(setting, "KEYS", setting.KEYS)
    return Site(tmp_path)


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


def seconds_of(verb, *arguments, **options):
    started = time.monotonic()
    result = verb(*arguments, **options)
    return time.monotonic() - started, result


@pytest.fixture
def answers_wait(monkeypatch):
    """How long answers would have waited, without waiting."""
    waits = []
    monkeypatch.setattr(attempts.time, "sleep", waits.append)
    return waits


def test_a_right_log_in_comes_through_while_others_guess(site, answers_wait, monkeypatch):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_staff)
    person = site.activate("VOS")
    slots.open_slot(None, "warm")
    site.later(minutes=1)
    alone, _ = seconds_of(site.log_in, "vos", person.secret)
    honest = []
    guesses = queue.SimpleQueue()
    for _ in range(1000):
        guesses.put({"login": "vos", "passphrase": "een of andere zin", "code": "000000"})
    ended = threading.Event()
    statuses = []

    def guess():
        browser = Browser(site)
        with contextlib.suppress(queue.Empty):
            while not ended.is_set():
                form = guesses.get_nowait()
                statuses.append(browser.post("/linde/bureau/inloggen", form).status_code)
                ended.wait(0.02)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(guess)
        for _ in range(5):
            site.later(minutes=1)
            honest.append(seconds_of(site.log_in, "vos", person.secret))
        ended.set()
    slowest = max(seconds for seconds, _ in honest)
    print(f"right log-in among {len(statuses)} wrong ones: {slowest:.2f} s, alone {alone:.2f} s")
    assert [browser.response.status_code for _, browser in honest] == [303] * 5
    assert slowest < 10
    assert statuses
    assert set(statuses) <= {400, 503}


@pytest.mark.parametrize("page", ["inloggen", "herstel"])
def test_hundreds_of_wrong_ones_refuse_no_right_one(site, answers_wait, page):
    person = site.activate("VOS")
    wrong = {
        "login": "vos",
        "passphrase": "acht blauwe vogels op het dak",
        "code": "000000",
        "recovery": printed_codes.mint(printed_codes.RECOVERY_LENGTH),
    }
    browser = Browser(site)
    for _ in range(200):
        assert browser.post(f"/linde/bureau/{page}", wrong).status_code == 400
    site.later(minutes=1)
    assert site.log_in("vos", person.secret).response.status_code == 303
    assert max(answers_wait) == attempts.LONGEST_SECONDS


def test_a_wrong_log_in_is_answered_ever_later_for_unknown_accounts_too(site, answers_wait):
    site.activate("VOS")
    waits = {}
    for login in ("vos", "nobody"):
        answers_wait.clear()
        for _ in range(8):
            Browser(site).post("/linde/bureau/inloggen", {"login": login, "passphrase": "x"})
        waits[login] = list(answers_wait)
    assert waits["vos"] == waits["nobody"] == [0.25, 0.5, 0.75, 1.0, 1.25]


def test_few_answers_wait_at_once(site, answers_wait, monkeypatch):
    monkeypatch.setattr(attempts, "WAITING_ANSWERS", threading.BoundedSemaphore(1))
    with attempts.WAITING_ANSWERS:
        for _ in range(8):
            Browser(site).post("/linde/bureau/inloggen", {"login": "vos", "passphrase": "x"})
    assert answers_wait == []


def test_whoever_has_the_passphrase_gets_few_tries_at_the_digits(site, answers_wait):
    person = site.activate("VOS")
    site.later(minutes=1)
    wrong = {"login": "vos", "passphrase": setting.PASSPHRASE, "code": "000000"}
    pages = {Browser(site).post("/linde/bureau/inloggen", wrong).status_code for _ in range(5)}
    assert pages == {400}
    assert site.log_in("vos", person.secret).response.status_code == 400
    # The owner's own device is not held up by that.
    person.post("/linde/bureau/uitloggen")
    site.later(minutes=1)
    right = {**wrong, "code": setting.code_at(person.secret, site.moment)}
    assert person.post("/linde/bureau/inloggen", right).status_code == 303


def test_a_known_device_has_places_of_its_own(site, monkeypatch):
    person = site.activate("VOS")
    person.post("/linde/bureau/uitloggen")
    site.later(minutes=1)
    right = {
        "login": "vos",
        "passphrase": setting.PASSPHRASE,
        "code": setting.code_at(person.secret, site.moment),
    }
    monkeypatch.setattr(slots, "PLACES", threading.BoundedSemaphore(1))
    with slots.PLACES:
        assert Browser(site).post("/linde/bureau/inloggen", right).status_code == 503
        forged = Browser(site)
        forged.client.set_cookie("d", "20261116.00.11", path="/linde/bureau")
        assert forged.post("/linde/bureau/inloggen", right).status_code == 503
        assert person.post("/linde/bureau/inloggen", right).status_code == 303


def test_the_cookie_of_a_device_tells_nothing_and_ends(site, monkeypatch):
    person = site.activate("VOS")
    site.later(minutes=1)
    headers = site.log_in("vos", person.secret).response.headers.getlist("Set-Cookie")
    kept = next(header for header in headers if header.startswith("d="))
    for part in ("HttpOnly", "SameSite=Strict", "Path=/linde/bureau"):
        assert part in kept
    assert "vos" not in kept.lower()
    person.post("/linde/bureau/uitloggen")
    monkeypatch.setattr(slots, "PLACES", threading.BoundedSemaphore(1))
    wrong = {"login": "vos", "passphrase": "x"}
    with slots.PLACES:
        assert person.post("/linde/bureau/inloggen", wrong).status_code == 400
        site.later(days=attempts.COOKIE_DAYS + 2)
        assert person.post("/linde/bureau/inloggen", wrong).status_code == 503


def test_a_known_device_that_guesses_is_a_stranger_again(site, answers_wait, monkeypatch):
    person = site.activate("VOS")
    person.post("/linde/bureau/uitloggen")
    wrong = {"login": "bak", "passphrase": "x"}
    for _ in range(10):
        assert person.post("/linde/bureau/inloggen", wrong).status_code == 400
    monkeypatch.setattr(slots, "PLACES", threading.BoundedSemaphore(1))
    with slots.PLACES:
        assert person.post("/linde/bureau/inloggen", wrong).status_code == 503


def test_one_account_cannot_take_every_place_in_the_queue(site, monkeypatch):
    monkeypatch.setattr(slots, "PLACES_OF_ONE", 1)
    entered, go_on = threading.Event(), threading.Event()
    derive = slots.derive_staff_identity

    def slow(*arguments, **options):
        entered.set()
        assert go_on.wait(10)
        return derive(*arguments, **options)

    def attempt(login):
        wrong = {"login": login, "passphrase": "x"}
        return Browser(site).post("/linde/bureau/inloggen", wrong).status_code

    monkeypatch.setattr(slots, "derive_staff_identity", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(attempt, "vos")
        assert entered.wait(10)
        assert attempt("vos") == 503
        colleague = pool.submit(attempt, "bak")
        go_on.set()
        assert (first.result(), colleague.result()) == (400, 400)


def test_recovery_tells_no_stranger_whose_account_it_is(site, answers_wait):
    site.activate("BAK")
    pages = []
    for login in ("bak", "zzz"):
        form = {
            "login": login,
            "recovery": printed_codes.mint(printed_codes.RECOVERY_LENGTH),
            "code": "000000",
            "passphrase": "marijke bakker abcde",
        }
        browser = Browser(site)
        browser.post("/linde/bureau/herstel", form)
        pages.append(browser.page.replace(login, "…"))
    assert pages[0] == pages[1]


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
