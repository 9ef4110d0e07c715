"""Guessing at staff log-in: it costs the guesser time, and refuses nobody who is right."""

import contextlib
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.services import derivation, printed_codes, slots
from portal.web.staff import attempts
from tests.services import founded as setting
from tests.web.staff_site import Browser, site_with_cheap_keys


@pytest.fixture
def site(tmp_path, monkeypatch):
    return site_with_cheap_keys(tmp_path, monkeypatch)


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
