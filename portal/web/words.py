"""The Dutch of dates, times and sizes, as filters for the templates."""

from __future__ import annotations

from flask import Flask

from portal.domain import dutch

FILTERS = (
    dutch.day,
    dutch.day_long,
    dutch.clock,
    dutch.moment,
    dutch.size,
    dutch.due,
    dutch.number,
)


def install(app: Flask) -> None:
    """Give the templates these words."""
    for made in FILTERS:
        app.jinja_env.filters[made.__name__] = made
