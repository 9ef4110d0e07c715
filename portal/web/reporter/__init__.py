"""Pages of the person who tells: report, evidence, look-over, receipt, coming back, leaving."""

from portal.web.reporter import evidence, front, leave, receipt, report, returning, review

blueprints = (
    front.blueprint,
    report.blueprint,
    evidence.blueprint,
    review.blueprint,
    receipt.blueprint,
    returning.blueprint,
    leave.blueprint,
)
