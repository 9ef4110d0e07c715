"""Files: the question first, whole batches, plain words per file, and broken or hostile bodies."""

import contextlib
import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from portal.models import EvidenceItem
from portal.web.reporter import receiving
from tests.web.reporter_site import SLUG, STORY, Site

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 200
LIMIT = 200_000
BOUNDARY = "----phone"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, max_file_bytes=LIMIT, max_report_bytes=3 * LIMIT)


@pytest.fixture
def phone(site):
    made = site.phone()
    made.tell()
    made.get("bestanden")
    return made


def kept(site):
    site.session.expire_all()
    return site.session.scalar(select(func.count()).select_from(EvidenceItem))


def body_of(phone, *files, token=None, intimate="no"):
    """A multipart body as a phone sends it."""
    token = phone.page.form("/bestanden/verder")["fields"]["t"] if token is None else token
    lines = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (BOUNDARY.encode(), name.encode(), value.encode())
        for name, value in (("t", token), ("intimate", intimate))
    )
    for name, data in files:
        lines += (
            b'--%b\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n%b\r\n"
            % (BOUNDARY.encode(), name, data)
        )
    return lines + b"--%b--\r\n" % BOUNDARY.encode()


def post_raw(phone, body, **options):
    return phone.client.post(
        f"/{SLUG}/bestanden",
        input_stream=io.BytesIO(body),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        **{"content_length": len(body), **options},
    )


def test_the_picker_comes_only_after_the_question(phone):
    assert 'type="file"' not in phone.page.html
    assert "Staat er iemand bloot of seksueel op?" in phone.page.text
    phone.submit("bestanden/vraag", {"intimate": "no"})
    assert 'type="file"' in phone.page.html


def test_the_limits_are_said_beforehand(tmp_path):
    phone = Site(tmp_path).phone()
    phone.tell()
    assert "Tot 1 GB per bestand, 4 GB samen." in phone.get("bestanden").text


def test_several_files_at_once_arrive_and_stand_on_the_receipt(site, phone):
    files = [
        ("scherm.png", PNG),
        ("chat.txt", b"1-11-2026 10:00 - A: hoi"),
        ("v.mp4", b"x" * 99_999),
    ]
    phone.upload(*files)
    for name, _ in files:
        assert name in phone.page.text.replace("\u200b", "")
    assert phone.page.text.count("Veilig bewaard") == 3
    phone.send()
    for _, data in files:
        digest = hashlib.sha256(data).hexdigest().upper()
        assert f"{digest[:4]} {digest[4:8]}" in phone.page.text
    assert "Laat de originelen op je telefoon staan." in phone.page.text
    assert kept(site) == 3


def test_the_question_is_asked_again_for_each_batch(phone):
    phone.upload(("een.png", PNG))
    assert 'type="file"' not in phone.page.html
    assert "Staat er iemand bloot of seksueel op?" in phone.page.text


@pytest.mark.parametrize("answer", ["yes", "unsure"])
def test_yes_or_unsure_leads_away_from_uploading_to_describing_and_help(phone, answer):
    page = phone.submit("bestanden/vraag", {"intimate": answer})
    assert phone.path == f"/{SLUG}/bestanden/beschrijf"
    assert "Stuur die foto niet naar ons" in page.text
    assert "Dit is niet jouw schuld." in page.text
    assert "0800-0188" in page.text
    assert "Helpwanted" in page.text
    assert 'type="file"' not in page.html
    phone.submit(
        "/beschrijf", {"described-where": "Snapchat", "described-who_has_it": "Een klasgenoot"}
    )
    assert "Snapchat, Een klasgenoot" in phone.page.text
    assert "Wie heeft het: Een klasgenoot" in phone.get("nakijken").text


@pytest.mark.parametrize("then", ["", "again"])
def test_words_of_danger_in_a_description_bring_help_on_the_next_page(phone, then):
    phone.get("bestanden/beschrijf")
    page = phone.submit(
        "/beschrijf", {"described-where": "Snapchat, ik wil niet meer leven", "then": then}
    )
    assert "Hier kun je nu terecht" in page.text
    assert "113" in page.text.partition("Hier kun je nu terecht")[2].partition("School leest")[0]


def test_descriptions_can_be_added_and_taken_away(phone):
    phone.get("bestanden/beschrijf")
    phone.submit("/beschrijf", {"described-where": "Eerste plek", "then": "again"})
    phone.submit("/beschrijf", {"described-where": "Tweede plek"})
    assert "Eerste plek" in phone.page.text
    phone.submit("/beschrijf/weg", {"remove": "0"})
    assert "Eerste plek" not in phone.page.text
    assert "Tweede plek" in phone.page.text


@pytest.mark.parametrize("intimate", ["yes", "unsure", "", "maybe"])
def test_a_file_without_a_clear_no_is_never_taken_in(site, phone, intimate):
    answer = post_raw(phone, body_of(phone, (b"a.png", PNG), intimate=intimate))
    assert answer.status_code == 303
    assert "Beantwoord eerst de vraag" in phone.get("bestanden").text
    assert kept(site) == 0


def test_taking_a_file_away_twice_is_no_error(site, phone):
    phone.upload(("a.png", PNG))
    form = phone.page.form("/haal-weg")
    body = {**form["fields"], "remove": dict(form["buttons"])["remove"]}
    phone.post(form["action"], body)
    phone.post(form["action"], body)
    assert phone.page.status == 200
    assert kept(site) == 0


def test_too_large_and_empty_are_said_per_file_and_the_others_arrive(site, phone):
    phone.upload(
        ("goed.png", PNG), ("groot.mov", b"x" * (LIMIT + 1)), ("leeg.txt", b""), ("ook.txt", b"ok")
    )
    text = phone.page.text
    assert re.search(r"groot\.mov\s+Te groot\.", text)
    assert re.search(r"leeg\.txt\s+Dit bestand is leeg\.", text)
    assert text.count("Veilig bewaard") == 2
    assert kept(site) == 2


def test_the_largest_file_that_fits_is_taken(site, phone):
    phone.upload(("precies.mov", b"x" * LIMIT))
    assert kept(site) == 1


def test_what_no_longer_fits_in_the_report_is_said(site, phone):
    for number in range(3):
        phone.upload((f"{number}.bin", b"x" * LIMIT))
    phone.upload(("meer.bin", b"meer"))
    assert "Er past niets meer bij." in phone.page.text
    assert kept(site) == 3


def test_a_body_over_every_limit_is_read_out_and_answered(site, phone):
    big = 3 * LIMIT + receiving.ROOM_FOR_HEADS + 1
    answer = post_raw(phone, body_of(phone, (b"reus.bin", b"x" * big)))
    assert answer.status_code == 303
    assert "Te groot." in phone.get("bestanden").text
    assert kept(site) == 0


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_body_that_breaks_off_keeps_what_was_complete_and_all_text(site, phone, part):
    whole = body_of(phone, (b"eerst.png", PNG), (b"half.mov", b"x" * 100_000))
    cut = whole[: int(len(whole) * part)]
    post_raw(phone, cut, content_length=len(whole))
    page = phone.get("bestanden")
    assert kept(site) == (1 if len(cut) > len(whole) - 100_000 else 0)
    assert "Niet aangekomen." in page.text
    assert STORY[:20] in phone.get("vraag/verhaal").html


class Counted(io.BytesIO):
    """A body that counts what was read of it."""

    taken = 0

    def readinto(self, buffer):
        size = super().readinto(buffer)
        self.taken += size
        return size


def read_of(site, phone, **refusal):
    """How much of a large body is read when it is refused in some way."""
    body = body_of(phone, (b"a.bin", b"x" * LIMIT), **refusal)
    stream = Counted(body)
    phone.client.post(
        f"/{SLUG}/bestanden",
        input_stream=stream,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        content_length=len(body),
    )
    return stream.taken, len(body)


def test_a_refused_body_is_read_out_so_that_the_answer_arrives(site, phone):
    taken, size = read_of(site, phone, token="")
    assert taken == size


def test_a_body_without_a_place_is_not_read_at_all(site, phone):
    with site.app.app_context():
        gate = receiving.gate()
    with contextlib.ExitStack() as places:
        for _ in range(site.settings.threads // 2):
            places.enter_context(gate.hold())
        taken, _ = read_of(site, phone)
    assert taken == 0


def test_without_a_file_it_asks_to_choose_one(phone):
    phone.submit("bestanden/vraag", {"intimate": "no"})
    phone.submit("/bestanden", {"files": (io.BytesIO(b""), "")}, content_type="multipart/form-data")
    assert "Kies eerst een bestand." in phone.page.text


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_body_without_its_token_takes_nothing_in(site, phone, token):
    answer = post_raw(phone, body_of(phone, (b"a.png", PNG), token=token))
    assert answer.status_code == 400
    assert kept(site) == 0
    assert not list((site.settings.instance_dir / "evidence").rglob("*.part"))


def test_a_body_of_another_site_takes_nothing_in(site, phone):
    body = body_of(phone, (b"a.png", PNG))
    assert post_raw(phone, body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert kept(site) == 0


def test_a_body_after_the_session_ended_gets_a_calm_page(site, phone):
    body = body_of(phone, (b"a.png", PNG))
    site.clock.forward(hours=3)
    answer = post_raw(phone, body)
    assert answer.status_code == 410
    assert kept(site) == 0


def test_after_sending_nothing_is_added_to_the_draft(site, phone):
    body = body_of(phone, (b"a.png", PNG))
    phone.send()
    assert post_raw(phone, body).status_code == 303
    assert kept(site) == 0


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"../../etc/passwd", ".._.._etc_passwd"),
        ("foto\u202egpj.exe".encode(), "foto[U+202E]gpj.exe"),
        ("😢.png".encode(), "😢.png"),
        (b"caf\xe9.png", "caf\\xe9.png"),
        (b"<b>x</b>.png", "&lt;b&gt;x&lt;_b&gt;.png"),
    ],
)
def test_names_are_shown_harmlessly(phone, sent, shown):
    post_raw(phone, body_of(phone, (sent, PNG)))
    assert shown in phone.get("bestanden").html.replace("<wbr>", "")


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.sweep)])
def test_very_many_files_at_once_are_all_kept(site, phone, count):
    files = [(b"%d.txt" % number, b"%d" % number) for number in range(count)]
    assert post_raw(phone, body_of(phone, *files)).status_code == 303
    assert kept(site) == count


class SendsMeanwhile(io.BytesIO):
    """A body during which the report is sent from another window."""

    def __init__(self, body, window, form):
        super().__init__(body)
        self.window, self.form = window, form

    def readinto(self, buffer):
        if self.form is not None:
            form, self.form = self.form, None
            with ThreadPoolExecutor(1) as other:
                sending = other.submit(self.window.post, form["action"], data=form["fields"])
                assert sending.result().status_code == 303
        return super().readinto(buffer)


def test_sending_during_an_upload_keeps_both_the_receipt_and_the_file(site, phone):
    body = body_of(phone, (b"laat.png", PNG))
    phone.get("nakijken")
    window = site.app.test_client()
    window.set_cookie("v", phone.client.get_cookie("v").value)
    stream = SendsMeanwhile(body, window, phone.page.form("/nakijken"))
    answer = phone.client.post(
        f"/{SLUG}/bestanden",
        input_stream=stream,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        content_length=len(body),
    )
    assert answer.status_code == 303
    assert stream.form is None
    phone.get("klaar")
    code = phone.code()
    back = site.phone()
    back.get("verder")
    back.submit("/verder", {"code": code})
    assert "laat.png" in back.page.text


def test_when_all_places_are_taken_it_asks_to_wait_and_keeps_the_draft(site, phone):
    with site.app.app_context():
        gate = receiving.gate()
    places = [gate.hold() for _ in range(site.settings.threads // 2)]
    for place in places:
        place.__enter__()
    answer = post_raw(phone, body_of(phone, (b"a.png", PNG)))
    for place in places:
        place.__exit__(None, None, None)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Alles wat je schreef, is bewaard." in answer.text
    assert STORY[:20] in phone.get("vraag/verhaal").html
    assert (
        post_raw(
            phone, body_of(phone, (b"a.png", PNG), token=phone.page.form("/verhaal")["fields"]["t"])
        ).status_code
        == 303
    )
    assert kept(site) == 1


def test_nothing_of_a_file_or_its_name_lies_in_clear_on_disk(site, phone):
    canary = b"kanarie-in-het-bestand-" + b"k" * 70_000
    phone.upload(("kanarienaam.txt", canary))
    phone.send()
    for path in site.settings.instance_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"kanarie-in-het-bestand" not in content, path
            assert b"kanarienaam" not in content, path
            assert hashlib.sha256(canary).hexdigest().encode() not in content, path
