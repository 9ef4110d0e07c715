"""What every page of the desk has around it."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from portal.domain.deadlines import local_date
from portal.domain.permissions import Action, may
from portal.web.context import current_school, now
from portal.web.guards import current_actor

ENTRIES = (
    ("staff_desk.today", "Vandaag", "day"),
    ("staff_desk.all_cases", "Zaken", "cases"),
    ("staff_start.choose", "Nieuw", "plus"),
)


def page(template: str, **values: Any) -> str:
    """Render a page of the desk with its menu."""
    school = current_school()
    actor = current_actor()
    return render_template(
        template,
        school=school,
        actor=actor,
        today=local_date(now()),
        staff_nav=_menu(school.slug),
        leave_url=url_for("reporter_leave.leave", school=school.slug),
        may_manage=may(actor.powers, Action.MANAGE_ROSTER),
        **values,
    )


def _menu(slug: str) -> list[dict[str, Any]]:
    menu = [_entry(endpoint, label, icon, slug) for endpoint, label, icon in ENTRIES]
    return [*menu, {**_entry("staff_account.account", "Ik", "me", slug), "last": True}]


def _entry(endpoint: str, label: str, icon: str, slug: str) -> dict[str, Any]:
    here = str(request.endpoint or "").partition(".")[0]
    return {
        "url": url_for(endpoint, school=slug),
        "label": label,
        "icon": icon,
        "current": request.endpoint == endpoint or (here == "staff_case" and icon == "cases"),
    }
