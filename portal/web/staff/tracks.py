"""Tracks beside the protocol: the police, a report about staff, and apart from all the meldcode."""

from __future__ import annotations

from flask import Blueprint, request, url_for

from portal.domain.permissions import Action
from portal.domain.side_tracks import MELDCODE, POLICE, STAFF
from portal.services import meldcode as track_of_home
from portal.services import side_tracks
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, readers, text_given

blueprint = Blueprint("staff_tracks", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {
    "past": "Kies de dag waarop dit was.",
    "two": "Minstens twee mensen moeten dit kunnen lezen.",
    "unknown": "Kies een collega die deze zaak leest.",
}


@blueprint.get("/zijsporen")
@requires(Action.WORK_ON_CASES)
def listing(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the advice about the police, and what is done when it is about staff."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    who = current_actor()
    views = [side_tracks.show(db(), actor=who, case_id=case_id, key=key) for key in (POLICE, STAFF)]
    return own_page("staff/side_tracks.html", case_id, errors, views=views)


@blueprint.get("/meldcode")
@requires(Action.WORK_ON_CASES)
def meldcode(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the track of the meldcode to who was named in it; to others, how to begin one."""
    return _meldcode(case_id, [])


def _meldcode(case_id: str, errors: list[Problem]) -> str:
    view = side_tracks.show(db(), actor=current_actor(), case_id=case_id, key=MELDCODE)
    reading = {current_actor().id, *(staff_id for staff_id, _name in view.named)}
    others = [one for one in readers(case_id) if one[0] not in reading]
    return own_page("staff/meldcode.html", case_id, errors, view=view, others=others)


@blueprint.post("/meldcode/begin")
@requires(Action.WORK_ON_CASES)
def begin(school: str, case_id: str) -> Answer:
    """Make the key of the track for named persons."""
    done = url_for(".meldcode", school=school, case_id=case_id)
    named = request.form.getlist("named")
    return attempt_on(_meldcode, track_of_home.begin, case_id, done, PROBLEMS, named=named)


@blueprint.post("/meldcode/erbij")
@requires(Action.WORK_ON_CASES)
def let_in(school: str, case_id: str) -> Answer:
    """Let one more colleague read the track, with a reason."""
    done = url_for(".meldcode", school=school, case_id=case_id)
    given = {"staff_id": text_given("reader"), "reason": text_given("why")}
    return attempt_on(_meldcode, track_of_home.add, case_id, done, PROBLEMS, **given)


@blueprint.post("/meldcode/weg")
@requires(Action.WORK_ON_CASES)
def leave(school: str, case_id: str) -> Answer:
    """Read the track no more; its key changes."""
    done = url_for(".meldcode", school=school, case_id=case_id)
    reason = text_given("leave")
    return attempt_on(_meldcode, track_of_home.leave, case_id, done, PROBLEMS, reason=reason)


@blueprint.post("/zijsporen")
@requires(Action.WORK_ON_CASES)
def record(school: str, case_id: str) -> Answer:
    """Record a step of one of the tracks."""
    key, step = text_given("track"), text_given("step")
    apart = key == MELDCODE
    place = ".meldcode" if apart else ".listing"
    return attempt_on(
        _meldcode if apart else _page,
        side_tracks.record,
        case_id,
        url_for(place, school=school, case_id=case_id),
        PROBLEMS,
        key=key,
        step=step,
        on=day_given(f"on-{step}"),
        text=text_given(f"text-{step}"),
        answer=text_given(f"answer-{step}"),
    )
