"""Dates, times and sizes as people say them, as filters for the templates."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask

from portal.domain.deadlines import ZONE, local_date

DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
    "september", "oktober", "november", "december",
)  # fmt: skip
KILO = 1000


def day(value: date | datetime) -> str:
    """``do 19 nov``."""
    found = _date(value)
    return f"{DAYS[found.weekday()][:2]} {found.day} {MONTHS[found.month - 1][:3]}"


def day_long(value: date | datetime) -> str:
    """``donderdag 19 november``."""
    found = _date(value)
    return f"{DAYS[found.weekday()]} {found.day} {MONTHS[found.month - 1]}"


def clock(value: datetime) -> str:
    """``8.31``, on the wall in the school."""
    local = value.astimezone(ZONE)
    return f"{local.hour}.{local.minute:02}"


def size(value: int) -> str:
    """``1,2 MB``."""
    amount = float(value)
    for unit in ("bytes", "kB", "MB"):
        if amount < KILO:
            return f"{amount:.0f} {unit}" if unit != "MB" else f"{amount:.1f} MB".replace(".", ",")
        amount /= KILO
    return f"{amount:.1f} GB".replace(".", ",")


def due(value: date | None, today: date) -> str:
    """``vandaag``, ``2 dagen te laat``, or the day."""
    if value is None:
        return ""
    late = (today - value).days
    if late > 0:
        return f"{late} dag te laat" if late == 1 else f"{late} dagen te laat"
    return {0: "vandaag", -1: "morgen"}.get(late, day(value))


def install(app: Flask) -> None:
    """Give the templates these words."""
    for made in (day, day_long, clock, size, due):
        app.jinja_env.filters[made.__name__] = made


def _date(value: date | datetime) -> date:
    return local_date(value) if isinstance(value, datetime) else value
