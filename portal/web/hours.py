"""When somebody answers: a help line by telephone, or the school by reading; in whole sentences."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Flask, g

from portal.domain import dutch
from portal.domain.deadlines import ZONE
from portal.services import calendars
from portal.web import helplines
from portal.web.context import current_school, now
from portal.web.helplines import Helpline
from portal.web.i18n import gettext, pgettext

A_WEEK = 7


def install(app: Flask | Blueprint) -> None:
    """Give the templates `helplines`, `answers_now` and `nobody_reads`."""
    add = app.add_app_template_global if isinstance(app, Blueprint) else app.add_template_global
    add(lines, "helplines")
    add(answers_now, "answers_now")
    add(nobody_reads, "nobody_reads")


def lines(situation: str, audience: str | None = "pupil") -> tuple[Helpline, ...]:
    """Give the help lines for a situation, who answers now first."""
    return helplines.for_situation(situation, audience, now())


def answers_now(line: Helpline) -> tuple[bool, str]:
    """Say whether a help line answers now, and in words when it does; "" when not known."""
    found = line.opening(now())
    if found is None:
        return False, ""
    if line.hours is not None and line.hours.always:
        return True, gettext("Nu open, dag en nacht")
    if found.is_open:
        return True, gettext("Nu open")
    return False, _opens(found.opens_at) if found.opens_at else ""


def nobody_reads() -> str:
    """Say when school reads again; "" while it does, and where there is no school."""
    if g.get("school") is None:
        return ""
    found = calendars.reading(current_school(), now())
    if found.is_open:
        return ""
    if found.opens_at is None:
        return gettext("Vraag school wanneer er weer iemand leest.")
    return _reads(found.opens_at)


def _opens(at: datetime) -> str:
    days, said = _parts(at)
    if days == 0:
        return gettext("Opent vandaag om %(time)s uur", **said)
    if days == 1:
        return gettext("Opent morgen om %(time)s uur", **said)
    if days < A_WEEK:
        return gettext("Opent %(weekday)s om %(time)s uur", **said)
    return gettext("Opent %(weekday)s %(day)s %(month)s om %(time)s uur", **said)


def _reads(at: datetime) -> str:
    days, said = _parts(at)
    if days == 0:
        return gettext("School leest weer: vandaag vanaf %(time)s uur.", **said)
    if days == 1:
        return gettext("School leest weer: morgen vanaf %(time)s uur.", **said)
    if days < A_WEEK:
        return gettext("School leest weer: %(weekday)s vanaf %(time)s uur.", **said)
    return gettext("School leest weer: %(weekday)s %(day)s %(month)s vanaf %(time)s uur.", **said)


def _parts(at: datetime) -> tuple[int, dict[str, object]]:
    days = (at.date() - now().astimezone(ZONE).date()).days
    minute = f"{at.minute:02}"
    return days, {
        "time": pgettext("clock", "%(hour)s.%(minute)s", hour=at.hour, minute=minute),
        "weekday": pgettext("weekday", dutch.DAYS[at.weekday()]),
        "day": at.day,
        "month": pgettext("month, in a date", dutch.MONTHS[at.month - 1]),
    }
