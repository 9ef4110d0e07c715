"""The desk: what to do today, overviews, and several cases at once. No word of what was told."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict

from portal.domain import dutch
from portal.domain.permissions import Action
from portal.services import acute, bulk, cases, overviews, search, transaction
from portal.services.bulk import Done
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.overviews import Filters
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import Problem, page

blueprint = Blueprint("staff_desk", __name__, url_prefix="/<school>/bureau")
UNFIT = 422
MOST_DIGITS = 5
PROBLEMS = {
    "empty": "Schrijf op waarom.",
    "unknown": "Kies eerst aan wie.",
    "none": "Kies eerst een of meer zaken.",
}
OVERTAKEN = "Een collega was je net voor. Kijk eerst wat er veranderd is."


@blueprint.get("/")
@requires(Action.WORK_ON_CASES)
def today(school: str) -> str:  # noqa: ARG001 - `current_school` reads it from the address
    """Show "Vandaag": new, late, due, with the next step of each."""
    desk = cases.desk(db(), actor=current_actor(), now=now())
    return page(
        "staff/today.html",
        desk=desk,
        alarms=acute.waiting(db(), actor=current_actor()),
        greeting=dutch.greeting(now()),
    )


@blueprint.get("/zaken", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def all_cases(school: str) -> str:  # noqa: ARG001 - `current_school` reads it from the address
    """Show one overview of the cases that this person may read."""
    return _overview(request.args)


@blueprint.post("/zaken", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def several(school: str) -> str | tuple[str, int]:  # noqa: ARG001 - read from the address
    """Do one thing with the cases that were ticked, and show the overview again."""
    chosen = request.form.getlist("case")
    if not chosen:
        return _overview(request.form, errors=[("case", PROBLEMS["none"])]), UNFIT
    try:
        done = _do(chosen)
    except InvalidInputError as error:
        transaction.rollback(db())
        problem = PROBLEMS.get(error.problem, error.problem)
        return _overview(request.form, errors=[(error.field, problem)]), UNFIT
    except ConflictError:
        transaction.rollback(db())
        return _overview(request.form, errors=[("case", OVERTAKEN)]), UNFIT
    return _overview(request.form, done=done)


def _do(chosen: list[str]) -> Done:
    if request.form.get("do") == "seen":
        return bulk.mark_seen(db(), actor=current_actor(), case_ids=chosen)
    staff_id, _, role = request.form.get("staff", "").partition(":")
    return bulk.hand_over(
        db(),
        actor=current_actor(),
        case_ids=chosen,
        to_staff_id=staff_id,
        role_key=role,
        reason=request.form.get("why", ""),
        now=now(),
    )


@blueprint.get("/zoek", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def ask(school: str) -> str:  # noqa: ARG001 - `current_school` reads it from the address
    """Show where to type what is sought."""
    return page("staff/search.html", found=None, asked="")


@blueprint.post("/zoek", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def find(school: str) -> str | tuple[str, int]:  # noqa: ARG001 - read from the address
    """Search; what is typed stands in no address and is kept nowhere."""
    text = request.form.get("text", "")
    found = search.find(db(), actor=current_actor(), text=text, now=now())
    if found is None:
        problem = ("text", "Typ minstens twee letters.")
        return page("staff/search.html", found=None, asked=text, errors=[problem]), UNFIT
    return page("staff/search.html", found=found, asked=text)


def _overview(
    given: MultiDict[str, str], *, errors: list[Problem] | None = None, done: Done | None = None
) -> str:
    filters = _filters(given)
    view = overviews.show(db(), actor=current_actor(), filters=filters, now=now())
    return page(
        "staff/cases.html",
        errors=errors,
        view=view,
        kept=_kept(filters),
        done=done,
        ticked=set(given.getlist("case")) if errors else set(),
        typed=given,
        colleagues=bulk.colleagues(db(), actor=current_actor(), school=current_school()),
    )


def _filters(given: MultiDict[str, str]) -> Filters:
    name = given.get("lijst", overviews.MINE)
    number = given.get("p", "1")
    return Filters(
        list=name if name in overviews.LISTS else overviews.MINE,
        status=_key(given, "status"),
        step=_key(given, "stap"),
        role=_key(given, "rol"),
        school_class=_key(given, "klas"),
        handler=_key(given, "wie"),
        late="laat" in given,
        urgent="spoed" in given,
        unanswered="antwoord" in given,
        page=int(number) if number.isdecimal() and len(number) <= MOST_DIGITS else 1,
    )


def _key(given: MultiDict[str, str], name: str) -> str:
    return given.get(name, "").replace("\0", "")[:64]


def _kept(filters: Filters) -> dict[str, str]:
    """Give the chosen filters as they stand in an address, without list and page."""
    every = {
        "status": filters.status,
        "stap": filters.step,
        "rol": filters.role,
        "klas": filters.school_class,
        "wie": filters.handler,
        "laat": "1" if filters.late else "",
        "spoed": "1" if filters.urgent else "",
        "antwoord": "1" if filters.unanswered else "",
    }
    return {name: value for name, value in every.items() if value}
