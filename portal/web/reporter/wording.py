"""Times, sizes and lists as a reporter reads them: in the page's language, in school's time."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from portal import data
from portal.domain import dutch
from portal.domain.checklist import kind_of_file
from portal.domain.deadlines import ZONE
from portal.services import recovery
from portal.services.drafts import ListedFile
from portal.web.i18n import SOURCE_LANGUAGE, gettext, language, pgettext, translate


def clock(moment: datetime) -> str:
    """Say a time: ``16.42``."""
    local = moment.astimezone(ZONE)
    return pgettext("clock", "%(hour)s.%(minute)s", hour=local.hour, minute=f"{local.minute:02}")


def day(moment: date) -> str:
    """Say a day shortly: ``di 17 nov``."""
    local = _local(moment)
    return pgettext(
        "short day",
        "%(weekday)s %(day)s %(month)s",
        weekday=pgettext("weekday, short", dutch.SHORT_DAYS[local.weekday()]),
        day=local.day,
        month=pgettext("month, short", dutch.SHORT_MONTHS[local.month - 1]),
    )


def long_day(moment: date) -> str:
    """Say a day: ``dinsdag 17 november``."""
    local = _local(moment)
    return pgettext(
        "long day",
        "%(weekday)s %(day)s %(month)s",
        weekday=pgettext("weekday", dutch.DAYS[local.weekday()]),
        day=local.day,
        month=pgettext("month, in a date", dutch.MONTHS[local.month - 1]),
    )


def heading_day(moment: date) -> str:
    """Say a day where it heads what follows; months keep the capital that their language gives."""
    text = long_day(moment)
    return text[:1].upper() + text[1:]


def size(octets: int) -> str:
    """Say a size as phones do, in powers of ten: ``1,2 MB``."""
    amount, _, unit = dutch.size(octets).partition(" ")
    return f"{amount.replace(',', pgettext('decimal sign', ','))} {pgettext('unit of size', unit)}"


def limit(octets: int) -> str:
    """Say a limit; ours are set in binary units and said as round figures, never too large."""
    gib = 1 << 30
    whole = octets >= gib and octets % gib == 0
    return f"{octets // gib} {pgettext('unit of size', 'GB')}" if whole else size(octets)


def name(file: ListedFile) -> str:
    """Name a file; one that is kept for the police has no name of its own any more."""
    return gettext("Verzegeld bestand") if file.sealed else file.name


def notice(text: str, *, formal: bool = False) -> str:
    """Say a message of the portal itself, which is kept in Dutch and in the words for a pupil."""
    start = recovery.NAME_NOTICE.removesuffix("{reason}")
    if text.startswith(start):
        return _name_opened(text.removeprefix(start), formal=formal)
    closed = data.intimate_steps()
    return translate(closed.notice_formal if formal and text == closed.notice else text)


def _name_opened(reason: str, *, formal: bool) -> str:
    if formal:
        return gettext(
            "Twee mensen van school hebben samen de noodsleutel gebruikt om uw naam te zien. "
            "De reden die zij opgaven: %(reason)s",
            reason=reason,
        )
    return gettext(
        "Twee mensen van school hebben samen de noodsleutel gebruikt om je naam te zien. "
        "De reden die zij opgaven: %(reason)s",
        reason=reason,
    )


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
    """Say a name inside a Dutch sentence: ``Mevrouw Bakker`` becomes ``mevrouw Bakker``."""
    if language() != SOURCE_LANGUAGE:
        return name
    for title in ("Mevrouw ", "Meneer "):
        if name.startswith(title):
            return title.lower() + name.removeprefix(title)
    return name


def _local(moment: date) -> date:
    return moment.astimezone(ZONE) if isinstance(moment, datetime) else moment
