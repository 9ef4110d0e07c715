"""A case about a member of staff, full of everything that a case can hold, and who may not see it.

The one it is about and a colleague whom the reporter left out work at the same school, with the
roles that would have made them readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from portal.demo import samples
from portal.models import Case, CaseReader, EvidenceItem, Report
from portal.services import duty, people_work, transaction
from portal.services.custody import SYSTEM
from portal.services.people_work import PersonForm
from tests.services import world as told
from tests.web import desk_site
from tests.web.desk_site import HERE, Person, Site

NICKNAME = "zeemeeuw.7k"
STORY = f"Ik wil niet meer leven. Het account {NICKNAME} stuurt elke avond iets."
TODAY = told.NOW.date().isoformat()
# Something in every field that a form of the desk has; each verb takes what it knows.
FILLED = {
    "text": "iets", "note": "iets", "own": "iets", "reason": "iets", "why": "iets",
    "happened": "x", "outcome": "done", "status": "talking", "action": "gesprek", "name": "Sem",
    "part": "subject", "pupil": "Sem", "kind": "task", "due_on": TODAY, "with": "subject",
    "on": TODAY, "goal": "x", "present": "Sem", "literal": "‘ja’", "do": "hold",
    "grounds": "report", "police": "gebeld", "wish": "yes", "wish_text": "ja",
    "measure": "sanction:warning", "about": "accused", "plan": "x", "what": "announced",
    "ground_text": "iets", "track": "aangifte", "step": "advice", "go": "look", "cyber": "yes",
    "label": "AAA-AAA", "fact": "iets", "how": "known", "told": "team", "to": "x",
    "medium": "phone", "actions": "iets", "talk_on": TODAY, "talk": "goed", "accept": "yes",
}  # fmt: skip
# What differs from one visit to the next, and tells nothing.
CHANCE = re.compile(r'(name="(?:t|once)" value=|\?v=)"?[\w-]+')


@dataclass
class Hidden:
    """A case and its parts, as addresses name them."""

    case_id: str
    label: str
    report_id: str
    evidence_id: str
    person_id: str
    handler: str

    def ids(self) -> tuple[str, ...]:
        return self.case_id, self.evidence_id, self.person_id, self.report_id


def report_about_staff(site: Site, accused: str, excluded: str) -> Hidden:
    """Tell of a member of staff, urgently and with a file; the head takes it up."""
    here = site.here
    with site.factory() as session:
        _warn_in_a_hurry(session, here)
        values = told.answers(here, story=STORY, safety={"suicide": True})
        values["classes"] = {**values["classes"], "staff": [here.ids[accused]]}
        values["readers"] = {"exclude": [here.ids[excluded]]}
        values["online"] = {
            "happened": "yes",
            "incidents": [{"platform": "instagram", "account": NICKNAME}],
        }
        label = told.report(here, session, values, ("zeemeeuw.png", samples.png())).label
        case = session.scalars(select(Case).where(Case.label == label)).one()
        report = session.scalars(select(Report).where(Report.case_id == case.id)).one()
        item = session.scalars(select(EvidenceItem).where(EvidenceItem.report_id == report.id))
        handler = here.code_of(case.handler_id)
        found = Hidden(case.id, label, report.id, item.one().id, "", handler)
        found.person_id = people_work.add(
            session,
            actor=here.actor(session, handler),
            case_id=case.id,
            form=PersonForm(name="Bo Zeemeeuw", part="subject", nickname=NICKNAME),
            now=told.NOW,
        )
        transaction.commit(session)
    return found


def _warn_in_a_hurry(session, here) -> None:
    given = {"actor": SYSTEM, "school_id": here.school.id, "now": told.NOW}
    address = {"kind": duty.MAIL, "address": "dienst@school.example", "staff_id": ""}
    duty.add_contact(session, name="Dienst", **address, **given)
    session.flush()
    duty.set_chain(session, on=True, minutes=5, hours="", **given)
    session.flush()


def work_on(site: Site, hidden: Hidden) -> None:
    """The head does what leaves a trace somewhere: a task for today, a note, a talk, a link."""
    person, case = site.log_in(hidden.handler), f"/zaken/{hidden.case_id}"
    handler = site.here.ids[hidden.handler]
    for path, form in (
        ("/notitie", {"note": "Morgen bellen."}),
        ("/taken", {"kind": "task", "text": "Bel.", "due_on": TODAY, "owner": handler}),
        ("/gesprekken/nieuw", {"with": "subject", "on": TODAY, "present": "Bo", "literal": "‘ja’"}),
        ("/eigen", {"own": "Alleen voor mij."}),
        ("/antwoord", {"report": hidden.report_id, f"reply-{hidden.report_id}": "Gelezen."}),
    ):
        assert person.post(f"{case}{path}", form).status_code == 303, path


def readers_of(site: Site, case_id: str) -> set[str]:
    with site.factory() as session:
        rows = session.scalars(select(CaseReader.staff_id).where(CaseReader.case_id == case_id))
        return {site.here.code_of(one) for one in rows}


def staff_rules(site: Site) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every endpoint of staff and administrators, with one method and what its address needs."""
    for rule in site.app.url_map.iter_rules():
        if rule.endpoint.startswith(("staff_", "admin_")):
            for method in rule.methods & {"GET", "POST"}:
                yield rule.endpoint, method, frozenset(rule.arguments)


def address(site: Site, endpoint: str, slug: str, **ids: str) -> str:
    """The address of an endpoint; an argument that is not given takes the case's evidence."""
    adapter = site.app.url_map.bind("localhost")
    known = {"school": slug, "kind": "clear", **ids}
    rule = next(one for one in site.app.url_map.iter_rules() if one.endpoint == endpoint)
    return adapter.build(
        endpoint, {name: known.get(name, ids["evidence_id"]) for name in rule.arguments}
    )


def ask(person: Person, method: str, path: str, form: dict[str, str] | None = None):
    body = {"t": person.token, **(form or {})}
    given = {"data": body, "headers": desk_site.FORM} if method == "POST" else {}
    return person.client.open(path, method=method, **given)


def seen(response, *ids: str) -> tuple[int, str, str]:
    """What comes back, without what differs by chance and without the ids that were asked for."""
    where = response.headers.get("Location", "")
    page = CHANCE.sub(r"\1", response.get_data(as_text=True))
    for one in ids:
        page, where = page.replace(one, "ID"), where.replace(one, "ID")
    return response.status_code, where, page


def home(slug: str = HERE) -> str:
    return f"/{slug}/bureau"
