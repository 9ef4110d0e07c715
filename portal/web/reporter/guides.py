"""How to keep what happened in an app: a page for each, readable with and without a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, abort, url_for
from werkzeug.wrappers import Response

from portal import data
from portal.domain.checklist import Row, check
from portal.domain.guides import STEPS, Guide, looks_like_address, tracking_in
from portal.domain.questionnaire import PAGES, value_of
from portal.services import diary, sessions
from portal.services.drafts import ListedFile
from portal.web import session
from portal.web.context import current_school
from portal.web.guards import public
from portal.web.reporter import telling

blueprint = Blueprint("reporter_guides", __name__)

# Below the address of the list: nothing was kept.
NOTHING = "niets"
# A button of an incident that saves the page and then shows the guide of the platform chosen there.
OF_INCIDENT = "guide-"


@blueprint.get("/<school>/bewaren")
@public
def every(school: str) -> Response:
    """Let the visitor choose an app."""
    del school
    current_school()
    return telling.show("reporter/guides.html", guides=data.guides().every, back=_back())


@blueprint.get("/<school>/bewaren/<key>")
@public
def guide(school: str, key: str) -> Response:
    """Show how to keep what happened in one app."""
    del school
    current_school()
    found = data.guides()
    if key == NOTHING:
        return telling.show("reporter/guide_nothing.html", rows=found.nothing, back=_back())
    shown = found.find(key)
    if shown is None:
        abort(404)
    return telling.show(
        "reporter/guide.html", guide=shown, always=found.always, order=STEPS, back=_back()
    )


@blueprint.app_template_global()
def about_address(address: str) -> dict[str, object]:
    """Say what a pasted address looks like; it is kept as it was typed, whatever this says."""
    if not address:
        return {}
    found = data.guides().of_platform(data.guides().platform_of(address))
    return {
        "platform": found.name if found else "",
        "tracking": bool(tracking_in(address)),
        "odd": not looks_like_address(address),
    }


@blueprint.app_template_global()
def police_list(answers: Mapping[str, Any], files: Iterable[ListedFile]) -> list[Row]:
    """Hold a draft or a report against the police's list."""
    return check(data.police_list(), answers, [file.name for file in files])


@blueprint.app_template_global()
def police_page(page: str) -> str:
    """Give the address where a row can be added: the guides, or a question of the draft."""
    asking = session.current(sessions.DRAFT) is not None
    return telling.address(page if asking else telling.GUIDES_PAGE)


@blueprint.app_template_global()
def guides_for(answers: Mapping[str, Any]) -> list[Guide]:
    """Give the guides of the apps that were named, each once."""
    incidents = value_of(answers, "online").get("incidents") or []
    keys = dict.fromkeys(str(item.get("platform", "")) for item in incidents)
    found = [data.guides().of_platform(key) for key in keys]
    return [guide for guide in found if guide is not None]


def page_of(then: str) -> str:
    """Give the page of the guides that a "to:" button asks for, or nothing."""
    page = then.removeprefix("to:")
    known = {f"{telling.GUIDES_PAGE}/{guide.key}" for guide in data.guides().every}
    return page if page in known | {telling.GUIDES_PAGE} else ""


def page_for(then: str, incidents: object) -> str:
    """Give the page of the guide that a button of an incident asks for: its app's, or the list."""
    number = then.removeprefix(OF_INCIDENT)
    chosen: Mapping[str, Any] = {}
    if isinstance(incidents, list) and number.isdecimal() and int(number) < len(incidents):
        chosen = incidents[int(number)]
    found = data.guides().of_platform(str(chosen.get("platform", "")))
    return f"{telling.GUIDES_PAGE}/{found.key}" if found else telling.GUIDES_PAGE


def _back() -> dict[str, str]:
    """Where the reader came from: the diary, the draft, the conversation, or nowhere yet."""
    school = current_school().slug
    live = session.any_current()
    if live is not None and diary.is_open(live):
        return {"diary": url_for("reporter_diary.show", school=school)}
    if live is not None and live.row.kind == sessions.DRAFT:
        reviewed = bool(live.data.get("reviewed"))
        after = telling.REVIEW_PAGE if reviewed else PAGES[PAGES.index(telling.EVIDENCE_PAGE) + 1]
        return {
            "add": telling.address(telling.EVIDENCE_PAGE),
            "questions": telling.address("online"),
            "after": telling.address(after),
        }
    if live is not None and live.row.kind == sessions.REPORTER:
        return {
            "add": url_for("reporter_return.files", school=school),
            "conversation": url_for("reporter_return.conversation", school=school),
        }
    return {"front": url_for("reporter_front.landing", school=school)}
