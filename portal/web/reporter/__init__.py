"""Pages of the person who tells: report, evidence, look-over, receipt, coming back, leaving."""

from portal.web.reporter import (
    about,
    control,
    diary,
    evidence,
    front,
    guides,
    language,
    leave,
    protect,
    receipt,
    report,
    returning,
    review,
    talking,
    tus,
)

blueprints = (
    front.blueprint,
    about.blueprint,
    report.blueprint,
    evidence.blueprint,
    protect.blueprint,
    tus.blueprint,
    guides.blueprint,
    review.blueprint,
    diary.blueprint,
    control.blueprint,
    receipt.blueprint,
    returning.blueprint,
    talking.blueprint,
    leave.blueprint,
    language.blueprint,
)
