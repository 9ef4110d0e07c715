"""The persons of an incident: who is in it, their families, and who was told what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, request, url_for

from portal.domain.permissions import Action
from portal.services import incident, people_work, telling
from portal.services.errors import ForbiddenError
from portal.services.people_work import PersonForm, RepresentativeForm
from portal.services.telling import TellingForm
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem, note_first_opening
from portal.web.staff.verbs import attempt_on, day_given, own_page, text_given

blueprint = Blueprint(
    "staff_people", __name__, url_prefix="/<school>/bureau/zaken/<case_id>/mensen"
)
PROBLEMS = {
    "empty": "Vul dit in.",
    "too_long": "Dit is te lang. Maak het korter.",
    "day": "Kies een dag die voorbij is, of vandaag.",
}
Page = Callable[[str, list[Problem]], str]


@blueprint.get("/")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show everybody of the incident, each family apart."""
    return _list(case_id, [])


def _list(case_id: str, errors: list[Problem]) -> str:
    note_first_opening(case_id)
    view = incident.show(db(), actor=current_actor(), case_id=case_id)
    chosen = request.args.get("chat", "")
    named = next((one for n, one in enumerate(view.present, 1) if str(n) == chosen), "")
    return own_page("staff/people.html", case_id, errors, incident=view, named=named)


@blueprint.post("/")
@requires(Action.WORK_ON_CASES)
def add(school: str, case_id: str) -> Answer:
    """Write down one more person."""
    done = url_for("staff_people.show", school=school, case_id=case_id)
    return attempt_on(_list, people_work.add, case_id, done, PROBLEMS, form=_person())


@blueprint.post("/verteld")
@requires(Action.WORK_ON_CASES)
def tell_others(school: str, case_id: str) -> Answer:
    """Write down what colleagues or others were told."""
    done = url_for("staff_people.show", school=school, case_id=case_id) + "#verteld"
    return attempt_on(_list, telling.tell, case_id, done, PROBLEMS, form=_telling(""))


@blueprint.get("/<person_id>/")
@requires(Action.WORK_ON_CASES)
def person(school: str, case_id: str, person_id: str) -> str:  # noqa: ARG001 - as above
    """Show one pupil and their family."""
    return _one(person_id, case_id, [])


def _one(person_id: str, case_id: str, errors: list[Problem]) -> str:
    note_first_opening(case_id)
    view = incident.show(db(), actor=current_actor(), case_id=case_id)
    family = view.family(person_id)
    return own_page("staff/people_one.html", case_id, errors, family=family, tasks=view.tasks)


@blueprint.post("/<person_id>/")
@requires(Action.WORK_ON_CASES)
def change(school: str, case_id: str, person_id: str) -> Answer:
    """Write a new version of a person."""
    return _on_one(school, case_id, person_id, partial(people_work.change, form=_person()))


@blueprint.post("/<person_id>/ouder")
@requires(Action.WORK_ON_CASES)
def representative(school: str, case_id: str, person_id: str) -> Answer:
    """Add a parent or guardian, or say something else of one."""
    form = RepresentativeForm(
        name=text_given("parent_name"),
        authority=text_given("authority"),
        relation=text_given("relation"),
        medium=text_given("way"),
        contact=text_given("contact"),
        inform=text_given("inform") != "no",
        reason=text_given("reason"),
    )
    key = text_given("representative")
    verb = partial(people_work.set_representative, form=form, representative_id=key)
    return _on_one(school, case_id, person_id, verb)


def _on_one(school: str, case_id: str, person_id: str, verb: Callable[..., object]) -> Answer:
    version = text_given("version")
    return attempt_on(
        partial(_one, person_id),
        partial(verb, person_id=person_id, version=int(version) if version.isdecimal() else 0),
        case_id,
        url_for("staff_people.person", school=school, case_id=case_id, person_id=person_id),
        PROBLEMS,
    )


@blueprint.post("/<person_id>/verteld")
@requires(Action.WORK_ON_CASES)
def tell(school: str, case_id: str, person_id: str) -> Answer:
    """Write down what somebody of a family was told."""
    done = url_for("staff_people.person", school=school, case_id=case_id, person_id=person_id)
    again: Page = partial(_one, person_id)
    form = _telling(person_id)
    return attempt_on(again, telling.tell, case_id, f"{done}#verteld", PROBLEMS, form=form)


@blueprint.get("/<person_id>/blad")
@requires(Action.WORK_ON_CASES)
def sheet(school: str, case_id: str, person_id: str) -> str | tuple[str, int]:  # noqa: ARG001 - as above
    """Show on paper what one of a family was told, and nothing about anybody else."""
    note_first_opening(case_id)
    reader = request.args.get("voor", "")
    try:
        found = telling.sheet(
            db(), actor=current_actor(), case_id=case_id, person_id=person_id, reader=reader
        )
    except ForbiddenError:
        return _one(person_id, case_id, [("ouders", "Voor deze ouder is er geen blad.")]), 403
    return own_page("staff/people_sheet.html", case_id, [], sheet=found, person_id=person_id)


def _person() -> PersonForm:
    return PersonForm(
        name=text_given("name"),
        part=text_given("part"),
        nickname=text_given("nickname"),
        class_name=text_given("class_name"),
        age_band=text_given("age_band"),
        sibling=text_given("sibling"),
    )


def _telling(person_id: str) -> TellingForm:
    return TellingForm(
        person=person_id,
        to=tuple(request.form.getlist("to")),
        others=text_given("others"),
        medium=text_given("medium"),
        on=day_given("on"),
        what=text_given("what"),
        task=text_given("task"),
        finish=text_given("finish") == "yes",
        sure=text_given("sure") == "yes",
    )
