"""Calendar files (RFC 5545): all-day entries, and nothing in them but what they are given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from portal.domain.deadlines import ZONE

LINE = 75
"""Octets of a content line, its line break left out (RFC 5545, 3.1)."""
PRODUCT = "-//Veilig Melden//Bureau//NL"


@dataclass(frozen=True, slots=True)
class Entry:
    """One day in the calendar."""

    uid: str
    day: date
    title: str
    changed: datetime


def calendar(name: str, entries: Iterable[Entry]) -> bytes:
    """Write a calendar of whole days; days are those of the school."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
        f"X-WR-TIMEZONE:{ZONE.key}",
        *(line for entry in entries for line in _event(entry)),
        "END:VCALENDAR",
    ]
    return b"".join(folded(line) for line in lines)


def _event(entry: Entry) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(entry.uid)}",
        f"DTSTAMP:{entry.changed.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{entry.day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{escaped(entry.title)}",
        "CLASS:PRIVATE",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def escaped(text: str) -> str:
    """Give a text value (RFC 5545, 3.3.11); other control characters are left out."""
    lines = "\\n".join(text.replace("\\", "\\\\").splitlines())
    marked = lines.replace(";", "\\;").replace(",", "\\,")
    return "".join(one for one in marked if one >= " " and one != "\x7f")


def folded(line: str) -> bytes:
    """Give a content line with its breaks, never inside a character (RFC 5545, 3.1)."""
    parts, part = [], b""
    for one in line:
        octets = one.encode()
        if len(part) + len(octets) > LINE:
            parts.append(part)
            part = b" "
        part += octets
    return b"\r\n".join([*parts, part]) + b"\r\n"
