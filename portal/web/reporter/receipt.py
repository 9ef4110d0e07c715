"""The receipt: the code, who reads it and when. The same one within the live session, then none."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from portal.services import reports, sessions
from portal.web.context import now
from portal.web.guards import draft_only
from portal.web.reporter import telling

blueprint = Blueprint("reporter_receipt", __name__)

SHOWN_FOR = timedelta(minutes=30)


@blueprint.get("/<school>/klaar")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def receipt(school: str) -> Response:
    """Show the receipt of this session."""
    live = telling.live_draft()
    found = reports.receipt(live)
    if found is None:
        return redirect(url_for("reporter_review.review", school=school), 303)
    sent_at = datetime.fromisoformat(live.data["sent_at"])
    if now() - sent_at > SHOWN_FOR:
        return telling.show("reporter/sent.html", over=True, typed=[])
    resting = telling.resting(live)
    if resting is not None:
        return resting
    return telling.show(
        "reporter/receipt.html",
        receipt=found,
        formal=live.data["formal"],
        parent=live.data.get("parent", False),
        anonymous=live.data.get("anonymous", True),
        sent_at=sent_at,
    )
