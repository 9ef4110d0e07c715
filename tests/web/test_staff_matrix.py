"""Role × address × case: who may not read a case gets what an invented one gets, everywhere."""

import statistics
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import event, select

from portal.models import CustodyEvent, OutboxMail, new_id
from portal.services import acute, transaction
from tests.services import world as told
from tests.web.desk_site import HERE, copy_of_site
from tests.web.staff_matrix import (
    FILLED,
    NICKNAME,
    address,
    ask,
    home,
    readers_of,
    report_about_staff,
    seen,
    staff_rules,
    work_on,
)

OK, SEE_OTHER, FORBIDDEN, NOT_FOUND = 200, 303, 403, 404
WHO = ("accused", "excluded", "same role", "administrator", "other school")
# Of one's own desk, asked with an id of somebody else's: as unknown as an invented one.
OWN_IDS = {"staff_absence.cancel", "staff_colleagues.confirm"}
# There is no cleaned copy, as nothing is sealed.
NOT_IN_THIS_CASE = {"staff_quarantine.copy", "staff_quarantine.rest"}
ROUNDS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The case about a member of staff, and everybody who does not read it."""
    site = copy_of_site(tmp_path_factory.mktemp("matrix"))
    accused, excluded = site.here.mentor_of("2B"), site.here.mentor_of("3A")
    hidden = report_about_staff(site, accused, excluded)
    work_on(site, hidden)
    codes = {
        "accused": accused,
        "excluded": excluded,
        "same role": site.here.mentor_of("3B"),
        "administrator": site.mentor,
    }
    people = {who: site.log_in(code) for who, code in codes.items()}
    people["other school"] = site.log_in(site.there.mentor_of("1A"), site.there)
    assert not set(codes.values()) & readers_of(site, hidden.case_id)
    return SimpleNamespace(site=site, hidden=hidden, people=people, codes=codes)


def invented(hidden):
    return {"case_id": new_id(), "evidence_id": hidden.evidence_id, "person_id": hidden.person_id}


def real(hidden):
    return {**invented(hidden), "case_id": hidden.case_id}


def of_cases(site, method):
    return sorted(
        endpoint
        for endpoint, known, arguments in staff_rules(site)
        if known == method and "case_id" in arguments
    )


def test_every_address_is_one_of_a_case_of_an_account_or_of_oneself(made):
    """A new kind of address has to be thought of here before it can pass."""
    ways = {
        (endpoint.partition("_")[0], tuple(sorted(arguments - {"school"})))
        for endpoint, _method, arguments in staff_rules(made.site)
        if "case_id" not in arguments
    }
    assert ways == {
        ("staff", ()),
        ("staff", ("absence_id",)),
        ("staff", ("staff_id",)),
        ("admin", ()),
        ("admin", ("staff_id",)),
        ("admin", ("turn_id",)),
        ("admin", ("contact_id",)),
    }
    assert len(of_cases(made.site, "GET")) > 25
    assert len(of_cases(made.site, "POST")) > 35


def test_whoever_handles_it_reaches_every_page_of_it(made):
    reader = made.site.log_in(made.hidden.handler)
    for endpoint in set(of_cases(made.site, "GET")) - NOT_IN_THIS_CASE:
        path = address(made.site, endpoint, HERE, **real(made.hidden))
        assert ask(reader, "GET", path).status_code == OK, endpoint


@pytest.mark.parametrize(
    ("who", "method", "form"),
    [
        *[(who, method, FILLED) for who in WHO for method in ("GET", "POST")],
        ("accused", "POST", {}),
    ],
    ids=lambda one: one if isinstance(one, str) else ("filled" if one else "empty"),
)
def test_the_hidden_case_answers_like_one_that_never_was(made, who, method, form, caplog):
    person, hidden, site = made.people[who], made.hidden, made.site
    before = site.written()
    for endpoint in of_cases(site, method):
        answers = []
        for ids in (real(hidden), invented(hidden)):
            caplog.clear()
            with counted(site) as queries:
                answer = ask(person, method, address(site, endpoint, person.slug, **ids), form)
            told_to_the_log = [line.getMessage() for line in caplog.records]
            shown = seen(answer, *hidden.ids(), *ids.values())
            said = [seen_line.replace(ids["case_id"], "ID") for seen_line in told_to_the_log]
            answers.append((shown, len(queries), said))
        assert answers[0] == answers[1], endpoint
        assert answers[0][0][0] == NOT_FOUND, endpoint
    assert site.written() == before


class counted:  # noqa: N801 - reads as a word at its use
    """The statements that the database gets meanwhile."""

    def __init__(self, site):
        self.engine, self.asked = site.factory.kw["bind"], []

    def __enter__(self):
        event.listen(self.engine, "before_cursor_execute", self.note)
        return self.asked

    def __exit__(self, *_problem):
        event.remove(self.engine, "before_cursor_execute", self.note)

    def note(self, *given):
        self.asked.append(given[2])


@pytest.mark.parametrize("who", WHO[:4])
def test_ids_of_others_are_as_unknown_as_invented_ones(made, who):
    person, site = made.people[who], made.site
    for endpoint in sorted(OWN_IDS):
        known = {"absence_id": made.hidden.case_id, "staff_id": made.hidden.case_id}
        asked = []
        for ids in (known, dict.fromkeys(known, new_id())):
            path = address(site, endpoint, HERE, evidence_id="", **ids)
            asked.append(seen(ask(person, "POST", path, FILLED), *ids.values()))
        assert asked[0] == asked[1], endpoint
        assert asked[0][0] in {NOT_FOUND, 400}, endpoint


@pytest.mark.parametrize("who", WHO)
def test_bulk_link_and_search_know_the_hidden_case_as_little_as_an_invented_one(made, who):
    person, hidden = made.people[who], made.hidden
    bulk = [
        seen(ask(person, "POST", f"{home(person.slug)}/zaken", {"case": one, "do": do}), one)
        for do in ("seen", "hand")
        for one in (hidden.case_id, new_id())
    ]
    assert bulk[0] == bulk[1]
    assert bulk[2] == bulk[3]
    searched = [
        seen(ask(person, "POST", f"{home(person.slug)}/zoek", {"text": text}), text)
        for text in (hidden.label, "QQQ-QQQ", NICKNAME, "zeemeeuw", "watermerk")
    ]
    assert len({page for _status, _where, page in searched}) == 1
    linked = [
        seen(
            ask(
                made.people["administrator"],
                "POST",
                f"{home()}/zaken/{made.site.case_id}/koppelen",
                {"label": label, "kind": "other", "reason": "Zelfde bijnaam."},
            ),
            label,
        )
        for label in (hidden.label, "QQQ-QQQ")
    ]
    assert linked[0] == linked[1]
    assert linked[0][0] == 422


def pages_without_a_case(site):
    """Every page of the desk that is not of one case, with the lists each on its own."""
    plain = sorted(
        endpoint
        for endpoint, method, arguments in staff_rules(site)
        if method == "GET" and arguments == {"school"} and endpoint.startswith("staff_")
    )
    paths = [address(site, one, HERE, evidence_id="") for one in plain]
    lists = [f"{home()}/zaken?lijst={one}" for one in ("mijn", "wacht", "mee", "alle", "klaar")]
    filters = [f"{home()}/zaken?lijst=alle&{one}" for one in ("spoed=1", "laat=1", "klas=1A")]
    return [*paths, *lists, *filters]


@pytest.mark.parametrize("who", ["accused", "excluded"])
def test_nothing_on_any_page_changes_when_a_case_about_somebody_comes_in(tmp_path, who):
    """Counts, lists, alarms, suggestions, tasks, the calendar and mail stay to the letter."""
    site = copy_of_site(tmp_path)
    codes = {"accused": site.here.mentor_of("2B"), "excluded": site.here.mentor_of("3A")}
    code = codes[who]
    own = own_case_of(site, code)
    before = everything(site, code, own)
    hidden = report_about_staff(site, codes["accused"], codes["excluded"])
    work_on(site, hidden)
    with site.factory() as session:
        acute.advance(session, now=told.NOW)
        transaction.commit(session)
    after = everything(site, code, own)
    assert before.keys() == after.keys()
    for path, page in before.items():
        assert after[path] == page, path
    with site.factory() as session:
        to = select(OutboxMail).where(OutboxMail.staff_id == site.here.ids[code])
        assert not any(hidden.case_id in mail.dedupe_key for mail in session.scalars(to))
        log = select(CustodyEvent.public).where(CustodyEvent.case_id == hidden.case_id)
        assert not any(site.here.ids[code] in public for public in session.scalars(log))


def own_case_of(site, code):
    """A case of their own with the same nickname: where a suggestion would show."""
    person = site.log_in(code)
    form = {"kind": "talk", "story": f"Het ging om {NICKNAME}.", "other": "unknown"}
    assert person.post("/nieuw/", form).status_code == SEE_OTHER
    page = person.get("/nieuw/klaar").get_data(as_text=True)
    case_id = page.partition("/bureau/zaken/")[2][:26]
    added = {"name": "Bo Zeemeeuw", "part": "subject", "nickname": NICKNAME}
    assert person.post(f"/zaken/{case_id}/mensen/", added).status_code == SEE_OTHER
    return case_id


def everything(site, code, case_id):
    """All that somebody can look at, outside a case and in the own one."""
    person = site.log_in(code)
    paths = [*pages_without_a_case(site), f"{home()}/zaken/{case_id}/koppelen"]
    found = {path: seen(ask(person, "GET", path)) for path in paths}
    for text in (NICKNAME, "Zeemeeuw", "2B"):
        found[text] = seen(ask(person, "POST", f"{home()}/zoek", {"text": text}))
    return found


@pytest.mark.parametrize("what", ["open", "search"])
def test_the_time_that_an_answer_takes_tells_nothing(made, what):
    """Each round asks for both, in turn the one first and then the other; the medians are alike."""
    person, hidden = made.people["accused"], made.hidden
    spent = {True: [], False: []}
    for number in range(ROUNDS):
        for there in (number % 2 == 0, number % 2 == 1):
            label, case_id = (hidden.label, hidden.case_id) if there else ("QQQ-QQQ", new_id())
            started = time.process_time()
            if what == "open":
                answer = ask(person, "GET", f"{home()}/zaken/{case_id}/")
            else:
                answer = ask(person, "POST", f"{home()}/zoek", {"text": label})
            spent[there].append(time.process_time() - started)
            assert answer.status_code == (NOT_FOUND if what == "open" else OK)
    ratio = statistics.median(spent[True]) / statistics.median(spent[False])
    assert 0.7 < ratio < 1.4, ratio
