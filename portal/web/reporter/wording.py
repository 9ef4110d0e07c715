"""Times, sizes and lists as a reporter reads them, in Dutch and in school's time."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from portal.domain.checklist import kind_of_file
from portal.domain.deadlines import ZONE

DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
LONG_DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip
STEP, DECIMALS_BELOW = 1000, 10


def clock(moment: datetime) -> str:
    """Say a time: ``16.42``."""
    local = moment.astimezone(ZONE)
    return f"{local.hour}.{local.minute:02}"


def day(moment: date) -> str:
    """Say a day shortly: ``di 17 nov``."""
    local = _local(moment)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1][:3]}"


def long_day(moment: date) -> str:
    """Say a day: ``dinsdag 17 november``."""
    local = _local(moment)
    return f"{LONG_DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"


def size(octets: int) -> str:
    """Say a size as phones do, in powers of ten: ``1,2 MB``."""
    amount, unit = float(octets), "bytes"
    for larger in ("kB", "MB", "GB"):
        if amount < STEP:
            break
        amount, unit = amount / STEP, larger
    decimals = 1 if unit != "bytes" and amount < DECIMALS_BELOW else 0
    return f"{amount:.{decimals}f} {unit}".replace(".", ",").replace(",0 ", " ")


def limit(octets: int) -> str:
    """Say a limit; ours are set in binary units and said as round figures, never too large."""
    gib = 1 << 30
    return f"{octets // gib} GB" if octets >= gib and octets % gib == 0 else size(octets)


def glyph(name: str) -> str:
    """Choose the icon of a file by its name; only a hint for the eye."""
    return kind_of_file(name)


def years(classes: dict[str, str]) -> list[dict[str, Any]]:
    """Group class ids by the year that their name begins with, so that a page stays short."""
    groups: dict[str, list[str]] = {}
    for class_id, name in classes.items():
        found = re.search(r"\d", name)
        groups.setdefault(found.group() if found else "", []).append(class_id)
    return [{"name": year, "ids": ids} for year, ids in sorted(groups.items())]


def to_whom(name: str) -> str:
    """Say a name inside a sentence: ``Mevrouw Bakker`` becomes ``mevrouw Bakker``."""
    for title in ("Mevrouw ", "Meneer "):
        if name.startswith(title):
            return title.lower() + name.removeprefix(title)
    return name


def _local(moment: date) -> date:
    return moment.astimezone(ZONE) if isinstance(moment, datetime) else moment
