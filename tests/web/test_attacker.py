"""An attacker's day at the pages: other sites, planted cookies, bent addresses, markup."""

import base64
import io
import re
import time

import pytest
from sqlalchemy import func, select

from portal import data
from portal.models import CustodyEvent, LiveSession, Record, new_id
from portal.services import sessions, transaction
from tests.web.desk_site import copy_of_site
from tests.web.reporter_site import SLUG, Site

UNSAFE = ("POST", "PATCH", "PUT", "DELETE")
REFUSALS = {400, 403, 404, 410}
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://ander.example"}
OURS = {"Sec-Fetch-Site": "same-origin"}
MARKUP = "\"'><svg/onload=alert(1)><script>x</script>{{7*7}}<!--"
NO_CODE = {"static"}


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """For what leaves nothing behind that another test could meet."""
    return Site(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return copy_of_site(tmp_path_factory.mktemp("desk"))


def addresses(app, methods, slug, **ids):
    """Every address that answers one of these methods, with something in each place."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in NO_CODE:
            continue
        given = {name: ids.get(name, new_id()) for name in rule.arguments}
        for name, converter in rule._converters.items():
            if name not in ids and hasattr(converter, "items"):
                given[name] = next(iter(converter.items))
        given["school"] = slug
        place = adapter.build(rule.endpoint, {k: given[k] for k in rule.arguments})
        found += [(rule.endpoint, one, place) for one in methods if one in rule.methods]
    return found


def is_public(app, endpoint):
    return getattr(app.view_functions[endpoint], "access", "public") == "public"


def reporters(site):
    """A phone with a draft, and one that came back with a code."""
    sender, back, drafting = site.phone(), site.phone(), site.phone()
    sender.tell()
    sender.send()
    back.get("verder")
    back.submit("/verder", {"code": sender.code()})
    drafting.tell()
    return {"draft": drafting.client, "code": back.client}


def written(session):
    session.rollback()
    counts = [
        session.scalar(select(func.count()).select_from(one)) for one in (Record, CustodyEvent)
    ]
    return counts, session.scalar(select(func.max(CustodyEvent.position)))


def test_no_address_of_the_reporter_obeys_another_site(site):
    """Nor itself, where there is a session and its token is missing."""
    clients = reporters(site)
    before = written(site.session)
    bare = {name for name in site.app.view_functions if is_public(site.app, name)}
    for who, client in clients.items():
        for endpoint, method, place in addresses(site.app, UNSAFE, SLUG):
            if "staff_" in endpoint or "admin_" in endpoint:
                continue
            answer = client.open(place, method=method, headers=ELSEWHERE, data={"text": "x"})
            led_away = answer.status_code == 303 and "/gesprek" not in answer.location
            assert answer.status_code in REFUSALS or led_away, (who, endpoint, answer.status)
            if endpoint not in bare:
                answer = client.open(place, method=method, headers=OURS, data={"text": "x"})
                led_away = answer.status_code == 303 and "Set-Cookie" not in answer.headers
                assert answer.status_code in REFUSALS or led_away, (who, endpoint, answer.status)
    assert written(site.session) == before


def test_no_address_of_the_desk_obeys_another_site_or_a_form_without_token(desk):
    person = desk.log_in(desk.mentor)
    before = desk.written()
    for endpoint, method, place in addresses(
        desk.app, UNSAFE, person.slug, case_id=desk.case_id, evidence_id=new_id()
    ):
        if not endpoint.startswith(("staff_", "admin_")):
            continue
        for headers in (ELSEWHERE, OURS):
            if headers is OURS and is_public(desk.app, endpoint):
                continue
            answer = person.client.open(place, method=method, headers=headers, data={"do": "x"})
            assert answer.status_code in REFUSALS, (endpoint, headers, answer.status)
    assert desk.written() == before


def test_every_page_of_everybody_is_kept_nowhere_and_framed_nowhere(site, desk):
    item = next(iter(desk.evidence.values()))
    person = desk.log_in(desk.mentor)
    asked = [
        (client, place)
        for client in reporters(site).values()
        for _, _, place in addresses(site.app, ["GET"], SLUG)
    ]
    asked += [
        (person.client, place)
        for _, _, place in addresses(
            desk.app, ["GET"], person.slug, case_id=desk.case_id, evidence_id=item
        )
    ]
    for client, place in asked:
        answer = client.get(place)
        said = answer.headers
        assert answer.status_code < 500, place
        assert said["Cache-Control"] == "no-store" or "immutable" in said["Cache-Control"], place
        if "immutable" in said["Cache-Control"]:
            assert answer.mimetype.startswith("image/"), place
        assert said["X-Content-Type-Options"] == "nosniff", place
        assert "default-src 'none'" in said["Content-Security-Policy"], place
        assert said["Referrer-Policy"] == "no-referrer", place
        assert "HttpOnly" in said.get("Set-Cookie", "HttpOnly"), place
        answer.close()


@pytest.mark.parametrize("planted", ["A" * 43, "", "\x00", "é", "=" * 60, "A" * 4000, "../v"])
def test_a_planted_cookie_becomes_nobodys_session(shared, planted):
    """Somebody who can set a cookie beforehand learns nothing of the session that follows."""
    phone, thief = shared.phone(), shared.phone()
    for one in (phone, thief):
        one.client.set_cookie("v", planted)
    phone.tell()
    assert phone.client.get_cookie("v").value != planted
    assert "foto’s van mij" in phone.get("vraag/verhaal").html
    assert "foto’s van mij" not in thief.get("vraag/verhaal").html


def test_the_code_makes_a_new_session_and_leaving_ends_it(site):
    """A cookie that was seen before the code, or before leaving, opens nothing afterwards."""
    sender = site.phone()
    sender.tell()
    before = sender.client.get_cookie("v").value
    sender.send()
    code = sender.code()
    sender.get("verder")
    sender.submit("/verder", {"code": code})
    after = sender.client.get_cookie("v").value
    assert before != after
    for cookie, opens in ((before, False), (after, True)):
        thief = site.phone()
        thief.client.set_cookie("v", cookie)
        assert ("foto’s van mij" in thief.get("gesprek").html) is opens
    sender.post("weg", {}, follow=False)
    thief.get("gesprek")
    assert "foto’s van mij" not in thief.page.html
    site.session.rollback()
    live = select(func.count()).where(LiveSession.kind == sessions.REPORTER)
    assert site.session.scalar(live.select_from(LiveSession)) == 0


@pytest.mark.parametrize("host", ["kwaad.example", "kwaad.example:99999", "", "a b", "[::1", "é"])
def test_a_made_up_host_is_repeated_nowhere(shared, host):
    client = shared.app.test_client()
    for path in ("/", f"/{SLUG}", f"/{SLUG}/", f"/{SLUG}/verder", f"/{SLUG}/bureau", "/niets"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code < 500, path
        assert "kwaad" not in answer.get_data(as_text=True), path
        assert "kwaad" not in str(answer.headers), path


@pytest.mark.parametrize(
    "path",
    [
        "/static/../portal/config.py", "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd", "/static//etc/passwd", "/static/css",
        "//kwaad.example/%2e%2e", "/linde/%2e%2e%2fstatic",
        "/linde/foto/..%2f..%2fx", "/%00", "/linde/%00", "/linde\\..\\x",
        "/linde/beeld/%0d%0aX-A:b", "/" + "a/" * 2000, "/linde/vraag/" + "x" * 5000,
        "/linde/vraag/%ff%fe", "/linde;x=1/verder",
    ],
)  # fmt: skip
def test_a_bent_address_is_no_page_and_no_fault(shared, path):
    phone = shared.phone()
    phone.begin()
    answer = phone.client.get(path)
    assert answer.status_code in {200, 303, 308, 404}, answer.status
    text = answer.get_data(as_text=True)
    assert "root:" not in text
    assert "PORTAL_" not in text
    location = answer.headers.get("Location", "/")
    assert re.match(r"/(?![/\\])", location), location
    assert "X-A" not in answer.headers


@pytest.mark.parametrize(
    "back",
    ["https://kwaad.example", "//kwaad.example", "/linde//kwaad.example",
     "/linde/../..//kwaad.example", "/linde/\\kwaad.example", "/linde/\r\nX-A: b",
     "javascript:alert(1)", "/linde/%0d%0aX-A:%20b",
     "/lindeX/../kwaad", "\t//kwaad.example", "/linde/@kwaad.example"],
)  # fmt: skip
def test_no_switch_leads_to_another_site(shared, back):
    phone = shared.phone()
    phone.begin()
    for path, name in (("taal", "back"), ("weg", "next"), ("vraag/verhaal", "then")):
        data = {"then": "taal:en", name: back}
        answer = phone.client.post(f"/{SLUG}/{path}", data=data, headers=OURS)
        location = answer.headers.get("Location", "/")
        assert re.match(r"/(?![/\\])|https://weer\.example/nu$", location), (path, location)
        assert "X-A" not in answer.headers


def test_markup_in_every_field_of_a_report_stays_text_for_everybody(site):
    """Story, places online, names, other words, names of files, messages: none becomes a tag."""
    phone = site.phone()
    phone.tell(MARKUP)
    filled = 0
    for page in dict.fromkeys(table["page"] for table in data.questions().tables):
        phone.get(f"vraag/{page}")
        action = f"/vraag/{page}"
        if not any(form["action"].endswith(action) for form in phone.page.forms):
            continue
        assert_harmless(phone)
        form = phone.page.form(action)
        names = set(TYPED.findall(phone.page.html)) - {"t", "then"}
        filled += len(names)
        phone.post(form["action"], {**form["fields"], **dict.fromkeys(names, MARKUP)})
        assert_harmless(phone)
    assert filled > 8
    phone.upload((f"{MARKUP}.png", b"\x89PNG" + b"1" * 500))
    assert_harmless(phone)
    phone.get("nakijken")
    assert_harmless(phone)
    phone.send()
    assert_harmless(phone)
    assert phone.code(), phone.path
    known = rf"/{SLUG}/bureau/zaken/\w{{26}}/"
    readers = [staff_of(site, code) for code in site.actors]
    reader, cases = next(
        (one, found)
        for one in readers
        if (found := re.findall(known, one.get(f"/{SLUG}/bureau/zaken").text))
    )
    page = reader.get(cases[0])
    assert page.status_code == 200
    assert "&lt;script&gt;x" in page.text
    for address in {cases[0], *re.findall(rf'href="({cases[0]}[^"#]*)', page.text)}:
        shown = reader.get(address.replace("&amp;", "&"))
        if shown.mimetype == "text/html":
            assert "<svg/onload" not in shown.text, address
            assert "<script>x" not in shown.text, address


TYPED = re.compile(
    r'<(?:textarea|input(?: type="(?:text|url|search|tel|email)")?)(?: [^>]*)? name="([^"]+)"'
)


def staff_of(site, code):
    """Log somebody in as the log-in page does, once passphrase and digits were right."""
    actor = site.actors[code]
    live = sessions.begin(
        site.session,
        kind=sessions.STAFF,
        school_id=site.founded.school.id,
        data={"staff": actor.id, "identity": str(actor.identity)},
        now=site.clock(),
        staff_id=actor.id,
    )
    transaction.commit(site.session)
    client = site.app.test_client()
    client.set_cookie("v", base64.urlsafe_b64encode(live.cookie).decode().rstrip("="))
    return client


def assert_harmless(phone):
    assert phone.response.status_code < 500, phone.path
    assert "<svg/onload" not in phone.page.html, phone.path
    assert "<script>x" not in phone.page.html, phone.path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("vraag/verhaal", "story-story"),
        ("verder", "code"),
        ("taal", "then"),
        ("begin", "perspective"),
    ],
)
@pytest.mark.parametrize(
    "typed",
    ["(" * 50_000, "a@" * 50_000, "http://" * 30_000, " " * 200_000, "\u200f" * 60_000,
     "1-" * 60_000, "dood " * 40_000, "a" * 190_000, "." * 150_000],
    ids=["brackets", "ats", "links", "spaces", "marks", "dashes", "words", "letters", "dots"],
)  # fmt: skip
def test_no_text_keeps_the_server_busy(shared, path, name, typed):
    phone = shared.phone()
    phone.begin()
    token = re.search(r'name="t" value="([^"]*)"', phone.page.html)
    began = time.process_time()
    answer = phone.client.post(
        f"/{SLUG}/{path}",
        data={name: typed, "t": token.group(1) if token else "", "then": "next"},
        headers=OURS,
    )
    assert answer.status_code < 500
    assert time.process_time() - began < 3, "seconds of processor"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"--x", b"--x\r\n" * 30_000, b"--x\r\n" + b"a" * 300_000, b"--x--",
        b'--x\r\nContent-Disposition: form-data; name="t"\r\n' + b"X: y\r\n" * 20_000,
        b'--x\r\nContent-Disposition: form-data; name="' + b'"' * 60_000 + b"\r\n\r\n",
        b'--x\r\nContent-Disposition: form-data; name="files"; filename*=' + b"%" * 9_999,
    ],
)  # fmt: skip
def test_a_broken_form_of_files_is_refused_quickly(shared, body):
    phone = shared.phone()
    phone.tell()
    phone.get("bestanden")
    phone.submit("bestanden/vraag", {"intimate": "no"})
    began = time.process_time()
    answer = phone.client.post(
        f"/{SLUG}/bestanden",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="multipart/form-data; boundary=x",
        headers=OURS,
    )
    assert answer.status_code < 500, answer.status
    assert time.process_time() - began < 3
