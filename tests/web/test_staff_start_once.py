"""What staff write down is there once, however often the form is sent or its page reloaded."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.models import Case, ReporterCode
from tests.web.desk_site import FORM, HERE, copy_of_site

OK, SEE_OTHER = 200, 303
DONE = "/nieuw/klaar"


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


def text_of(response):
    return response.get_data(as_text=True)


def filled_in(person):
    once = re.search(r'name="once" value="(\w{32})"', text_of(person.get("/nieuw/"))).group(1)
    return {"kind": "talk", "story": "Verteld na de les.", "code": "yes", "once": once}


def code_on(page):
    return re.sub(r"<[^>]+>", "", re.search(r'class="ticket.*?</', page, re.DOTALL).group(0))


def test_reloading_shows_the_same_case_and_code(site):
    person = site.log_in(site.mentor)
    codes = site.count(ReporterCode)
    body = filled_in(person)
    sent = person.post("/nieuw/", body)
    assert sent.status_code == SEE_OTHER
    assert sent.headers["Location"].endswith(DONE)
    first = text_of(person.get(DONE))
    assert "Het is vastgelegd." in first
    assert code_on(first)
    assert text_of(person.get(DONE)) == first
    assert text_of(person.post("/nieuw/", body, follow_redirects=True)) == first
    assert site.count(Case) == 2
    assert site.count(ReporterCode) == codes + 1


@pytest.mark.parametrize("elsewhere", ["/", "/nieuw/", "/account"])
def test_the_code_is_gone_once_its_reader_left_the_page(site, elsewhere):
    person = site.log_in(site.mentor)
    body = filled_in(person)
    person.post("/nieuw/", body)
    assert person.get(elsewhere).status_code == OK
    assert person.get(DONE).status_code == SEE_OTHER
    again = person.post("/nieuw/", body, follow_redirects=True)
    assert "Code voor de leerling" not in text_of(again)
    assert site.count(Case) == 2


def test_two_taps_at_once_make_one_case(site):
    person = site.log_in(site.mentor)
    body = {"t": person.token, **filled_in(person)}
    cookie = person.client.get_cookie("v").value

    def send(_number):
        client = site.app.test_client()
        client.set_cookie("v", cookie)
        return client.post(f"/{HERE}/bureau/nieuw/", data=body, headers=FORM).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send, range(4))) == {SEE_OTHER}
    assert site.count(Case) == 2


def test_a_new_form_starts_a_new_case(site):
    person = site.log_in(site.mentor)
    for expected in (2, 3):
        person.post("/nieuw/", filled_in(person))
        assert site.count(Case) == expected
