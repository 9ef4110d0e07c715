"""Pages of the person who tells: report, evidence, look-over, receipt, coming back, leaving."""

from portal.web.reporter import (
    about,
    evidence,
    front,
    guides,
    language,
    leave,
    receipt,
    report,
    returning,
    review,
)

blueprints = (
    front.blueprint,
    about.blueprint,
    report.blueprint,
    evidence.blueprint,
    guides.blueprint,
    review.blueprint,
    receipt.blueprint,
    returning.blueprint,
    leave.blueprint,
    language.blueprint,
)
