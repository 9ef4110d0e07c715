"""Dates, times and sizes in Dutch, as a dossier prints them."""

from datetime import datetime

_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
    "september", "oktober", "november", "december",
)  # fmt: skip
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def long_time(at: datetime) -> str:
    """Write `17 november 2026, 14.22 uur`."""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H.%M} uur"


def exact_time(at: datetime) -> str:
    """Write `17-11-2026 14:22:05 +01:00`."""
    offset = at.strftime("%z")
    return f"{at:%d-%m-%Y %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def size(count: int) -> str:
    """Write `1,4 MB (1.412.009 bytes)`."""
    exact = f"{count:,}".replace(",", ".") + " bytes"
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f}".replace(".", ",") + f" {name} ({exact})"
    return exact
