"""The menu of the staff pages: what is in it depends on what somebody may do."""

from __future__ import annotations

from flask import current_app, g, request, url_for

from portal.domain.permissions import Action, may
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

# Endpoint, word, icon, what it needs, whether it stands at the rail's end.
ENTRIES: tuple[tuple[str, str, str, Action, bool], ...] = (
    ("staff_desk.today", "Vandaag", "day", Action.WORK_ON_CASES, False),
    ("staff_desk.all_cases", "Zaken", "cases", Action.WORK_ON_CASES, False),
    ("staff_start.choose", "Nieuw", "plus", Action.GIVE_SIGNAL, False),
    ("staff_colleagues.listing", "Collega’s", "other", Action.WORK_ON_CASES, False),
    ("staff_account.account", "Ik", "me", Action.WORK_ON_CASES, True),
)
PAGES_OF_A_CASE = frozenset({"staff_case", "staff_evidence", "staff_packet", "staff_people"})


def home(school: SchoolView) -> str:
    """Give the address of the first page after log-in."""
    endpoint = next(entry[0] for entry in ENTRIES if entry[0] in current_app.view_functions)
    return url_for(endpoint, school=school.slug)


def menu() -> dict[str, list[dict[str, object]]]:
    """Give templates the menu of whoever is logged in; pages before log-in have none."""
    actor: StaffActor | None = g.get("actor")
    school: SchoolView | None = g.get("school")
    if actor is None or school is None:
        return {}
    return {
        "staff_nav": [
            {
                "url": url_for(endpoint, school=school.slug),
                "label": label,
                "icon": icon,
                "current": _is_current(endpoint),
                "last": last,
            }
            for endpoint, label, icon, action, last in ENTRIES
            if endpoint in current_app.view_functions and may(actor.powers, action)
        ]
    }


def _is_current(endpoint: str) -> bool:
    here = request.endpoint or ""
    blueprint = here.partition(".")[0]
    if blueprint in PAGES_OF_A_CASE:
        return endpoint == "staff_desk.all_cases"
    if blueprint == "staff_desk":
        return endpoint == here
    return endpoint.partition(".")[0] == blueprint
