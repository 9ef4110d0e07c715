"""Working at the desk over HTTP: forms that keep what was typed, one line for each thing."""

import dataclasses
import html
import io
import re
import subprocess
import zipfile

import pytest

from portal.dossier import ListItem
from portal.models import Case
from portal.services import cases, dossiers, readiness, reading
from portal.services.readiness import Parties
from tests.services import world as told
from tests.web.desk_site import copy_of_site

OK, SEE_OTHER, UNFIT = 200, 303, 422


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(site):
    return site.log_in(site.mentor)


def case_path(site):
    return f"/zaken/{site.case_id}/"


def text_of(response):
    return response.get_data(as_text=True)


def words_of(page, start="", end="</html>"):
    """The words of a page without its tags."""
    part = page[page.index(start) :].partition(end)[0]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", part).split()))


def words_of_pdf(data):
    made = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=data, capture_output=True, check=True
    )
    return " ".join(made.stdout.decode().split())


def show(site):
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        return cases.show(session, actor=actor, case_id=site.case_id, now=told.NOW)


def test_a_note_a_step_and_a_reply_have_one_line_each(site, person):
    path = case_path(site)
    assert person.post(f"{path}notitie", {"note": "Gebeld met thuis."}).status_code == SEE_OTHER
    action = show(site).next_action
    sent = {"action": action.key, "outcome": "done", "happened": "Alles verzameld."}
    assert person.post(f"{path}stap", sent).status_code == SEE_OTHER
    answer = {"report": site.report_id, f"reply-{site.report_id}": "Ik heb het gelezen."}
    assert person.post(f"{path}antwoord", answer).status_code == SEE_OTHER
    log = words_of(text_of(person.get(path)), 'id="tijdlijn"', "<form")
    for said in ("Gebeld met thuis.", "Alles verzameld.", "Ik heb het gelezen."):
        assert log.count(said) == 1
    assert action.label.rstrip(".") in log
    assert action.key not in log
    written = [entry.kind for entry in show(site).entries]
    assert not {"record:written", "case:step_recorded", "message:sent"} & set(written)


def test_a_hand_over_says_from_whom_to_whom_why_and_by_whom(site, person):
    view = show(site)
    other = next(reader for reader in view.readers if reader.part == "overseer")
    path = case_path(site)
    given = {"staff": f"{other.staff_id}:leerlingcoordinator", "why": "Twee klassen."}
    assert person.post(f"{path}overdragen", given).status_code == SEE_OTHER
    log = words_of(text_of(person.get(path)), 'id="tijdlijn"', "<form")
    assert f"Overgedragen: {view.handler} → {other.name} Twee klassen. · {view.handler}" in log
    assert log.count("Twee klassen.") == 1


def test_a_case_that_was_handed_over_is_new_to_its_handler_until_it_is_opened(site, person):
    view = show(site)
    overseer = next(reader for reader in view.readers if reader.part == "overseer")
    body = {"staff": f"{overseer.staff_id}:leerlingcoordinator", "why": "Twee klassen."}
    assert person.post(f"{case_path(site)}overdragen", body).status_code == SEE_OTHER
    other = site.log_in(site.here.code_of(overseer.staff_id))
    desk = words_of(text_of(other.get("/")), "<main")
    assert "Aan jou gegeven" in desk
    assert "Eén stap voor vandaag" in desk
    person.get(case_path(site))
    assert ">Aan jou gegeven<" in text_of(other.get("/zaken"))
    assert other.get(case_path(site)).status_code == OK
    for page in ("/", "/zaken"):
        assert ">Aan jou gegeven<" not in text_of(other.get(page))


def test_the_same_look_at_a_case_is_one_line_a_day(site):
    for _ in range(3):
        site.log_in(site.mentor).get(case_path(site))
    opened = [entry for entry in show(site).entries if entry.kind == "report:read"]
    assert len(opened) == 1
    assert opened[0].count >= 3


@pytest.mark.parametrize(
    ("part", "field", "given", "sentence"),
    [
        ("notitie", "note", {}, "Schrijf eerst iets op."),
        ("antwoord", "reply", {}, "Schrijf eerst iets op."),
        ("stap", "skip", {"outcome": "skipped"}, "Overslaan kan alleen met naam en reden."),
        ("verder", "reason", {"step": "fase-2"}, "Schrijf eerst iets op."),
        ("afronden", "outcome", {}, "Kies een van de mogelijkheden."),
        ("overdragen", "staff", {"why": "Ik ben er niet."}, "Kies eerst aan wie."),
    ],
)
def test_a_mistake_is_said_above_and_beside_the_field(site, person, part, field, given, sentence):
    field = f"reply-{site.report_id}" if field == "reply" else field
    body = {"report": site.report_id, "action": show(site).next_action.key, field: "", **given}
    person.get(case_path(site))
    known = site.written()
    response = person.post(case_path(site) + part, body)
    page = text_of(response)
    assert response.status_code == UNFIT
    assert f'<a href="#{field}">{sentence}</a>' in page
    assert re.search(rf'id="{field}-(?:error|more)">.*?{sentence}', page, re.DOTALL)
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"|wrong" id="{field}"', page)
    for text in given.values():
        assert text in page
    assert site.written()[1:] == known[1:]


def test_what_was_typed_for_a_step_that_is_refused_stands_there_still(site, person):
    long = "Besproken met beide kanten. " * 3_000
    action = show(site).next_action.key
    body = {"action": action, "outcome": "done", "happened": long}
    response = person.post(case_path(site) + "stap", body)
    assert response.status_code == UNFIT
    assert "Dit is te lang." in text_of(response)
    assert long in text_of(response)


def test_the_question_stands_above_the_answer_without_the_words_of_its_fields(site):
    view = show(site)
    with site.factory() as session:
        lines = reading.lines_of(session, view.reports[0], site.case_id)
    one = reading.Told("when", "Wanneer was het? | Hoe vaak? | Waar?", ["vaak"])
    assert one.title == "Wanneer was het?"
    assert one.asked == ["Hoe vaak?", "Waar?"]
    assert all(" | " not in item.title for item in lines)


def test_the_list_of_the_police_counts_only_what_is_really_there(site):
    view = show(site)
    rows = {row.key: row for row in readiness.rows(view, Parties())}
    assert list(rows) == [
        "parties", "consent", "moments", "addresses", "names", "chats", "screenshots", "video",
        "damage", "wish",
    ]  # fmt: skip
    states = {key: row.state for key, row in rows.items()}
    assert states["moments"] == "partly"
    assert states["screenshots"] == states["chats"] == "complete"
    assert states["video"] == states["addresses"] == states["parties"] == "missing"
    told_all = readiness.rows(view, Parties("A. Ouder", "haar kind", "beide ouders", "vervolging"))
    assert (
        readiness.counts(told_all)["complete"]
        == readiness.counts(list(rows.values()))["complete"] + 3
    )


def test_an_unknown_or_skipped_answer_is_not_counted_as_there(site):
    view = show(site)
    view.reports[0].answers["when"] = {"value": {"unknown": True}, "question": "", "version": ""}
    view.reports[0].answers["online"] = {"value": {"happened": "yes", "incidents": [{}]}}
    states = {row.key: row.state for row in readiness.rows(view, Parties())}
    assert states["moments"] == states["addresses"] == states["names"] == "missing"


def test_the_dossier_prints_the_parties_platforms_in_words_and_questions_as_headings(site):
    view = show(site)
    incident = {"platform": "whatsapp", "account": "~ k", "when": "2026-11-13 21:07"}
    view.reports[0].answers["online"] = {"value": {"happened": "yes", "incidents": [incident]}}
    told_lines = [[reading.Told("story", "Wat is er gebeurd? | Jouw verhaal", ["Precies dit."])]]
    frame = dossiers.Frame("26-001", "School", "Iemand", told.NOW, 1, None, Parties("A. Ouder"))
    made = dossiers.make(view, told_lines, [], [], frame)
    rows = {row.label: row for row in made.parties}
    assert rows["Aangever"].text == "A. Ouder"
    assert rows["Voor"].missing
    online = made.facts[-1]
    assert (online.when, online.what) == ("13 november 2026, 21.07 uur", "Online: WhatsApp, ~ k")
    said = made.statements[0].parts[0]
    assert (said.question, said.answer, said.asked) == (
        "Wat is er gebeurd?",
        "Precies dit.",
        "Jouw verhaal",
    )


def test_the_dossier_names_every_account_and_address_and_keeps_a_time_in_own_words(site):
    view = show(site)
    incident = {
        "platform": "tiktok",
        "account": "@een\n@twee\n",
        "nickname": "zonder n",
        "url": "https://social.example/p/1?igsh=abc",
        "profile": "https://social.example/een",
        "when_text": "vorige week, na gym",
    }
    view.reports[0].answers["online"] = {"value": {"happened": "yes", "incidents": [incident]}}
    frame = dossiers.Frame("26-001", "School", "Iemand", told.NOW, 1, None, Parties())
    made = dossiers.make(view, [[] for _ in view.reports], [], [], frame)
    assert made.facts[-1].when == "vorige week, na gym"
    assert [one.name for one in made.accounts] == ["@een", "@twee"]
    addresses = [one.text for one in made.police_list[ListItem.ADDRESSES]]
    assert addresses == ["https://social.example/p/1?igsh=abc", "https://social.example/een"]
    names = [one.text for one in made.police_list[ListItem.NAMES]]
    assert names[:3] == ["@een", "@twee", "zonder n"]
    states = {row.key: row.state for row in readiness.rows(view, Parties())}
    assert (states["moments"], states["addresses"], states["names"]) == (
        "partly",
        "complete",
        "complete",
    )


def test_a_video_is_no_screenshot_in_the_list_of_the_police(site):
    view = show(site)
    picture = next(item for item in view.evidence if item.name == "kluisje.png")
    video = dataclasses.replace(picture, name="stalling.mp4", exhibit="B9", media_type="video/mp4")
    frame = dossiers.Frame("26-001", "School", "Iemand", told.NOW, 1, None, Parties())
    told_lines = [[] for _ in view.reports]
    listed = dossiers.make(view, told_lines, [picture, video], [], frame).police_list
    assert [one.text for one in listed[ListItem.SCREENSHOTS]] == ["kluisje.png"]
    assert [one.text for one in listed[ListItem.VIDEOS]] == ["stalling.mp4"]


def test_the_packet_comes_as_a_download_and_stands_in_the_log(site, person):
    path = case_path(site)
    wanted = site.evidence["kluisje.png"]
    before = words_of(text_of(person.get(f"{path}aangifte")))
    assert "Daarna staat het pakket bij je downloads. Het logboek weet ervan." in before
    response = person.post(f"{path}aangiftepakket", {"item": wanted, "reporter": "A. Ouder"})
    assert response.status_code == OK
    assert response.headers["Content-Disposition"].startswith("attachment")
    names = zipfile.ZipFile(io.BytesIO(response.data)).namelist()
    assert len([name for name in names if "/originals/" in name]) == 1
    dossier = next(name for name in names if name.endswith("dossier.pdf"))
    made = words_of_pdf(zipfile.ZipFile(io.BytesIO(response.data)).read(dossier))
    view = show(site)
    assert f"Door {view.handler}, {view.role_label}" in made
    page = words_of(text_of(person.get(f"{path}aangifte")), "Al gemaakt")
    assert "Pakket 1" in page
    assert "1 bestand" in page


def test_a_signal_without_a_story_keeps_what_was_typed(site, person):
    classes = list(site.here.classes.values())
    body = {"kind": "talk", "story": " ", "subject": classes[0], "where": "aula", "code": "yes"}
    response = person.post("/nieuw/", body)
    page = text_of(response)
    assert response.status_code == UNFIT
    assert '<a href="#story">Schrijf eerst op wat er gebeurde.</a>' in page
    assert 'id="story-error"' in page
    assert re.search(rf'value="{classes[0]}" checked', page)
    assert 'value="talk" checked' in page
    assert 'value="aula"' in page
    assert site.count(Case) == 1


def test_whoever_gives_a_signal_is_told_honestly_who_reads_it(site):
    person = site.log_in(site.accused)
    accused = site.here.ids[site.shut_out]
    body = {"kind": "signal", "story": "Gezien in de aula.", "accused_staff": accused}
    response = person.post("/nieuw/", body, follow_redirects=True)
    page = words_of(text_of(response))
    assert response.status_code == OK
    assert "Je leest zelf niet mee" in page
    with site.factory() as session:
        name = site.here.actor(session, site.shut_out).name
    assert name not in page
    listed = text_of(site.log_in(site.shut_out).get("/zaken"))
    assert "Hier staat nu niets." in listed


def test_reading_along_is_not_my_task(site):
    view = show(site)
    overseer = next(reader for reader in view.readers if reader.part == "overseer")
    person = site.log_in(site.here.code_of(overseer.staff_id))
    page = words_of(text_of(person.get("/")), "<main")
    assert "wacht er niets op jou" in page
    assert "Lees de melding" not in page
    assert f"bij {view.handler} · {view.row.action_label}" in page
