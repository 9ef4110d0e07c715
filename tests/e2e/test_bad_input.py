"""What nobody should send and somebody will: a clear answer, nothing lost, nobody else bothered."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.site import wait_until
from tests.e2e.visitor import Visitor, code_of, named

STORY = "Er is iets gebeurd dat ik niet wil verliezen."


@pytest.fixture
def visitor(site):
    return Visitor(site)


@pytest.fixture(autouse=True)
def nobody_else_notices(site):
    """Another visitor, who began before, goes on afterwards as if nothing happened."""
    other = Visitor(site, "linde").begin("Ik was er eerder.")
    written = len(site.log.read_text())
    yield
    assert other.get("vraag/verhaal").written("story-story") == "Ik was er eerder."
    assert "ERROR" not in (new := site.log.read_text()[written:]), new


def test_an_empty_story(visitor):
    visitor.begin("")
    answer = visitor.post("vraag/verhaal", **{"story-story": " \n\t"})
    assert answer.status == 400
    assert "Schrijf eerst op wat er is gebeurd" in answer.text
    assert visitor.send().status == 400


def test_a_story_of_200_000_emoji_is_kept_to_the_last(visitor):
    story = "🙃" * 199_999 + "🦄"
    visitor.begin(story)
    assert visitor.get("vraag/verhaal").written("story-story") == story
    receipt = visitor.follow(visitor.send())
    back = Visitor(visitor.site)
    seen = back.follow(back.post("verder", code=code_of(receipt)))
    assert story in seen.text


def test_a_story_that_is_too_long_is_named_and_stays_on_the_page(visitor):
    visitor.begin()
    story = "a" * 200_001
    answer = visitor.post("vraag/verhaal", **{"story-story": story})
    assert answer.status == 400
    assert "Deze tekst is te lang" in answer.text
    assert answer.written("story-story") == story


@pytest.mark.parametrize("page", ["vraag/verhaal", "nakijken"])
def test_a_body_without_a_token_changes_nothing_and_is_given_back(visitor, page):
    visitor.begin(STORY)
    token, visitor.token = visitor.token, ""
    answer = visitor.post(page, **{"story-story": "Heel iets anders", "submit": "x"})
    assert answer.status == 400
    assert "Heel iets anders" in answer.text
    visitor.token = token
    assert visitor.get("vraag/verhaal").written("story-story") == STORY


def test_an_upload_without_a_token_is_refused(visitor):
    visitor.begin(STORY)
    answer = visitor.upload([(named(b"foto.png"), b"x" * 300_000)], token=False)
    assert answer.status == 400
    assert visitor.listed() == []


def test_a_form_of_another_site_is_refused(visitor):
    visitor.begin(STORY)
    answer = visitor.ask("POST", "begin", "perspective=self", {"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    answer = visitor.ask("POST", "begin", "", {"Sec-Fetch-Site": "", "Origin": "http://x.example"})
    assert answer.status == 403


@pytest.mark.sweep
def test_2_000_files_in_one_form(visitor):
    visitor.begin(STORY)
    files = [(named(b"kiekje%d.txt" % number), b"%d" % number) for number in range(2_000)]
    visitor.follow(visitor.upload(files))
    assert len(visitor.listed()) == 2_000
    receipt = visitor.follow(visitor.send())
    assert receipt.text.count("kiekje") == 2_000


def test_strange_names_are_shown_honestly(visitor):
    names = {
        named(b"../../etc/passwd"): ".._.._etc_passwd",
        named(b"C:\\Users\\x\\foto.png"): "C:_Users_x_foto.png",
        named(b"nul\x00byte.png"): "nul[U+0000]byte.png",
        named("foto\u202egpj.exe".encode()): "foto[U+202E]gpj.exe",
        named("vakantie 👩‍👩‍👧 🏳️‍🌈.jpg".encode()): "vakantie 👩‍👩‍👧 🏳️‍🌈.jpg",
        named(b"x" * 300 + b".png"): "x" * 248 + "….png",
        named(b""): "zonder naam",
        named(b"caf\xe9.jpg"): "caf\\xe9.jpg",
        named(b"<script>alert(1)</script>.png"): "<script>alert(1)<_script>.png",
    }
    visitor.begin(STORY)
    visitor.follow(visitor.upload([(name, b"inhoud %d" % at) for at, name in enumerate(names)]))
    assert sorted(visitor.listed()) == sorted(names.values())


def test_empty_files_are_named_and_the_others_kept(visitor):
    visitor.begin(STORY)
    page = visitor.follow(visitor.upload([(named(b"leeg.png"), b""), (named(b"vol.png"), b"1")]))
    assert "Dit bestand is leeg" in page.text
    assert "leeg.png" in page.text
    assert visitor.listed() == ["vol.png"]


@pytest.mark.parametrize("share", [0.10, 0.50, 0.99])
def test_a_broken_upload_loses_nothing_that_was_there(visitor, share):
    visitor.begin(STORY)
    visitor.follow(visitor.upload([(named(b"eerst.png"), b"1" * 1000)]))
    files = [(named(b"klein.png"), b"2" * 1000), (named(b"groot.mov"), b"3" * 3_000_000)]
    visitor.break_off(files, share)
    page = wait_until(
        lambda: (found := visitor.get("bestanden")) and ("Niet aangekomen" in found.text and found)
    )
    assert "groot.mov" in page.text
    assert sorted(visitor.listed()) == ["eerst.png", "klein.png"]
    assert visitor.get("vraag/verhaal").written("story-story") == STORY


def test_the_same_form_twice_at_once_makes_one_report(site):
    for _ in range(5):
        visitor = Visitor(site).begin(STORY)
        submit = visitor.get("nakijken").field("submit")
        twins = [Visitor(site, cookie=visitor.cookie, token=visitor.token) for _ in range(6)]
        with ThreadPoolExecutor(len(twins)) as threads:
            sent = [threads.submit(twin.post, "nakijken", submit=submit) for twin in twins]
            answers = [one.result() for one in sent]
        codes = {code_of(twin.follow(answer)) for twin, answer in zip(twins, answers, strict=True)}
        assert len(codes) == 1
        assert len(codes.pop()) == 16


def test_wrong_half_and_guessed_codes_get_one_answer(visitor):
    code = code_of(visitor.begin(STORY).follow(visitor.send()))
    guesses = [
        "",
        code[:8],
        code[:-1] + ("0" if code[-1] != "0" else "1"),
        "A" * 16,
        "🙃" * 16,
        "x" * 5_000,
    ]
    stranger = Visitor(visitor.site)
    answers = [stranger.post("verder", code=guess) for guess in guesses]
    assert {answer.status for answer in answers} == {400}
    said = [re.sub(r'value="[^"]*"', "", answer.body.decode()) for answer in answers]
    assert len(set(said)) == 1
    assert "Deze code klopt niet" in answers[0].text
    assert stranger.post("verder", code=code).status == 303


def test_many_guesses_lock_nobody_of_the_same_address_out(visitor):
    code = code_of(visitor.begin(STORY).follow(visitor.send()))
    stranger = Visitor(visitor.site, address="127.0.0.9")
    statuses = {stranger.post("verder", code="A" * 16).status for _ in range(60)}
    assert statuses == {400}
    same_address = Visitor(visitor.site, address=stranger.address)
    assert same_address.post("verder", code=code).status == 303
    assert Visitor(visitor.site, address=stranger.address).begin(STORY).send().status == 303


def test_a_staff_session_that_ended_says_so_and_shows_nothing(site):
    person = site.schools["kompas"].mentor_of("2A")
    visitor = Visitor(site, "kompas")
    entered = visitor.post(
        "bureau/inloggen", login=person.login, passphrase=person.passphrase, code=person.digits()
    )
    assert entered.status == 303
    visitor.get("bureau/")
    kept = visitor.cookie
    assert visitor.post("bureau/uitloggen").status == 303
    visitor.cookie = kept
    for path in ("bureau/", "bureau/zaken", "bureau/nieuw/", "bureau/account"):
        assert "Inloggen" in visitor.get(path).text
    story = "Dit typte ik net voordat de sessie afliep."
    lost = visitor.post("bureau/nieuw/", kind="signal", story=story)
    assert "Inloggen" in (visitor.follow(lost) if lost.status == 303 else lost).text
