"""Pages that anybody may read before telling: how it works at this school, and for parents."""

from __future__ import annotations

from flask import Blueprint, render_template

from portal import data
from portal.services import diary, protocols, public_people, sessions
from portal.web import session
from portal.web.context import current_school, db
from portal.web.guards import public
from portal.web.reporter import front, onward, telling

blueprint = Blueprint("reporter_about", __name__)
FEW_CLASSES = 12


@blueprint.get("/<school>/ouders/zo-werkt-het")
@blueprint.get("/<school>/zo-werkt-het")
@public
def how_it_works(school: str) -> str:
    """Show the protocol in five steps, whom to go to, and what happens with a report."""
    del school
    here = current_school()
    protocol, _ = protocols.current(here.protocol_key)
    texts = data.how_it_works()
    people = public_people.of_school(db(), school_id=here.id)
    formal = telling.reads_formal()
    return render_template(
        "reporter/how_it_works.html",
        school=here,
        formal=formal,
        steps=texts.steps(protocol, formal=formal),
        tips=texts.tips(formal=formal),
        people=people,
        years=_years(people),
    )


@blueprint.get("/<school>/ouders")
@public
def parents(school: str) -> str:
    """Tell parents what to expect, and let them begin."""
    del school
    return show_parents()


def show_parents(typed: str = "") -> str:
    """Show the page for parents, with what was typed of a code."""
    here = current_school()
    return render_template(
        "reporter/parents.html",
        school=here,
        typed=typed,
        texts=data.for_parents(),
        contact=public_people.of_school(db(), school_id=here.id).contact,
    )


def read(page: str) -> str:
    """Show one of the pages at the foot, by its name."""
    views = {
        "hulp": front.help_lines,
        "zo-werkt-het": how_it_works,
        "gegevens": front.privacy,
        "toegankelijkheid": front.accessibility,
    }
    return views[page.removeprefix(onward.FOR_PARENTS)](current_school().slug)


@blueprint.app_template_global()
def reading_start() -> str:
    """Give what the addresses of the pages at the foot begin with: parents stay on their path."""
    return onward.FOR_PARENTS if telling.for_parents() else ""


@blueprint.app_template_global()
def way_back() -> str:
    """Give the page that a reader of these pages came from, if anything was begun here."""
    live = session.any_current()
    if live is None or live.row.kind not in (sessions.DRAFT, sessions.REPORTER):
        return ""
    if live.row.kind == sessions.REPORTER:
        left = str(live.data.get("came_from") or "")
        return onward.address(left if left in onward.TALK else "gesprek")
    if telling.sent(live):
        return onward.address("klaar")
    came_from = live.data.get("came_from")
    if diary.is_open(live) and not came_from:
        return onward.address("schrift")
    return telling.address(str(came_from or "verhaal"))


def _years(people: public_people.PublicPeople) -> dict[str, list[public_people.ClassPeople]]:
    """Group the classes by year where there are many; a small school sees them all at once."""
    if len(people.classes) <= FEW_CLASSES:
        return {"": list(people.classes)}
    years: dict[str, list[public_people.ClassPeople]] = {}
    for one in people.classes:
        years.setdefault(one.year, []).append(one)
    return years
