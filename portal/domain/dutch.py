"""Dates, times and sizes in Dutch: how the pages say them, and how the dossier prints them."""

from __future__ import annotations

import re
from datetime import date, datetime

from portal.domain.deadlines import ZONE, local_date

DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
    "september", "oktober", "november", "december",
)  # fmt: skip
SHORT_DAYS = tuple(name[:2] for name in DAYS)
SHORT_MONTHS = tuple(name[:3] for name in MONTHS)
UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
NUMBERS = (
    "nul", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "elf",
    "twaalf",
)  # fmt: skip
NOON, EVENING = 12, 18
WHOLE_BELOW = 1_000_000
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d))?")


def day(value: date | datetime) -> str:
    """``do 19 nov``."""
    found = _date(value)
    return f"{SHORT_DAYS[found.weekday()]} {found.day} {SHORT_MONTHS[found.month - 1]}"


def day_long(value: date | datetime) -> str:
    """``donderdag 19 november``."""
    found = _date(value)
    return f"{DAYS[found.weekday()]} {found.day} {MONTHS[found.month - 1]}"


def clock(value: datetime) -> str:
    """``8.31``, on the wall in the school."""
    local = value.astimezone(ZONE)
    return f"{local.hour}.{local.minute:02}"


def long_time(at: datetime) -> str:
    """``17 november 2026, 14.22 uur``, in the zone that the instant carries."""
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}, {at:%H.%M} uur"


def moment(text: str) -> str:
    """Say ``2026-11-13 21:07`` as people do; anything else stays as it was typed."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None or not 1 <= int(found[2]) <= len(MONTHS):
        return text
    year, month, day_of_month, hour, minute = found.groups()
    said = f"{int(day_of_month)} {MONTHS[int(month) - 1]} {year}"
    return f"{said}, {int(hour)}.{minute} uur" if hour else said


def exact_time(at: datetime) -> str:
    """``17-11-2026 14:22:05 +01:00``, in the zone that the instant carries."""
    offset = at.strftime("%z")
    return f"{at:%d-%m-%Y %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def size(count: int) -> str:
    """``1,2 MB``; below a megabyte without decimals."""
    for unit, name in UNITS:
        if count >= unit:
            places = 0 if unit < WHOLE_BELOW else 1
            return f"{count / unit:.{places}f}".replace(".", ",") + f" {name}"
    return f"{count} bytes"


def exact_size(count: int) -> str:
    """``1,4 MB (1.412.009 bytes)``."""
    exact = f"{count:,}".replace(",", ".") + " bytes"
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.1f}".replace(".", ",") + f" {name} ({exact})"
    return exact


def due(value: date | None, today: date) -> str:
    """``vandaag``, ``2 dagen te laat``, or the day."""
    if value is None:
        return ""
    late = (today - value).days
    if late > 0:
        return f"{late} dag te laat" if late == 1 else f"{late} dagen te laat"
    return {0: "vandaag", -1: "morgen"}.get(late, day(value))


def number(count: int) -> str:
    """``zes``; in digits above twelve."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else str(count)


def greeting(at: datetime) -> str:
    """``Goedemorgen``, by the wall clock in the school."""
    hour = at.astimezone(ZONE).hour
    return "Goedemorgen" if hour < NOON else "Goedemiddag" if hour < EVENING else "Goedenavond"


def _date(value: date | datetime) -> date:
    return local_date(value) if isinstance(value, datetime) else value
