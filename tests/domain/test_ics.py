"""Calendar files against the rules of RFC 5545."""

import re
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from portal.domain.ics import Entry, calendar, escaped, folded

CHANGED = datetime(2026, 11, 16, 9, tzinfo=UTC)


def unfolded(data: bytes) -> list[str]:
    return data.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def entry(day: date, title: str = "Portaal: stap, zaak 3F7-K2Q") -> Entry:
    return Entry("stap-abc@portaal", day, title, CHANGED)


def test_a_day_ends_on_the_next_one_also_over_a_year_and_summer_time():
    for day, end in (
        (date(2026, 12, 31), "20270101"),
        (date(2027, 3, 28), "20270329"),
        (date(2028, 2, 28), "20280229"),
    ):
        lines = unfolded(calendar("Portaal", [entry(day)]))
        assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}" in lines
        assert f"DTEND;VALUE=DATE:{end}" in lines


def test_the_file_has_what_every_calendar_must_have():
    lines = unfolded(calendar("Portaal", [entry(date(2026, 11, 20))]))
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    for needed in ("VERSION:2.0", "UID:stap-abc@portaal", "DTSTAMP:20261116T090000Z"):
        assert lines.count(needed) == 1
    assert sum(line.startswith("PRODID:") for line in lines) == 1
    assert "SUMMARY:Portaal: stap\\, zaak 3F7-K2Q" in lines
    assert unfolded(calendar("Portaal", []))[-1] == "END:VCALENDAR"


@given(st.text())
def test_any_text_comes_back_from_lines_of_75_octets(text):
    raw = folded(f"SUMMARY:{escaped(text)}")
    assert raw.endswith(b"\r\n")
    for line in raw.split(b"\r\n")[:-1]:
        assert len(line) <= 75
        line.decode()  # no character is cut in two
    (whole,) = unfolded(raw)
    value = whole.removeprefix("SUMMARY:")
    assert not re.search(r"[\x00-\x1f\x7f]", value)
    back = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)
    printable = "".join(
        one for one in "\n".join(text.splitlines()) if one == "\n" or (one >= " " and one != "\x7f")
    )
    assert back == printable
