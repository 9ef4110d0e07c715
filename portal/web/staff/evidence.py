"""Evidence on the desk: blurred tiles, a picture on purpose, the original as a download."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from portal.domain.permissions import Action
from portal.services import evidence, likeness
from portal.services.evidence import OpenItem
from portal.web import context
from portal.web.context import db, now, portal
from portal.web.filenames import attachment
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import Problem, case_page, note_first_opening

blueprint = Blueprint(
    "staff_evidence", __name__, url_prefix="/<school>/bureau/zaken/<case_id>/bewijs/<evidence_id>"
)
SANDBOX = "default-src 'none'; sandbox"


def find_item(case_id: str, evidence_id: str) -> OpenItem:
    """Find an item of a case, which is opened by that."""
    note_first_opening(case_id)
    return evidence.find(db(), actor=current_actor(), case_id=case_id, evidence_id=evidence_id)


@blueprint.get("/")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str, evidence_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show one item on purpose: its picture, what is known of it, the way to the original."""
    return item_page(case_id, evidence_id)


def item_page(case_id: str, evidence_id: str, errors: list[Problem] | None = None) -> str:
    """Render the page of one item."""
    item = find_item(case_id, evidence_id)
    views = evidence.siblings(db(), actor=current_actor(), item=item)
    view = next(one for one in views if one.id == evidence_id)
    return case_page(
        "staff/evidence.html", errors=errors, item=view, case_id=case_id, label=item.case.label
    )


@blueprint.get("/beeld/<any(blurred, clear):kind>")
@requires(Action.WORK_ON_CASES)
def picture(school: str, case_id: str, evidence_id: str, kind: str) -> Response:  # noqa: ARG001 - `current_school` reads it
    """Give a preview; it is written down, and made, before the first byte goes out."""
    data, media_type = likeness.show(
        db(),
        actor=current_actor(),
        store=portal().store,
        item=find_item(case_id, evidence_id),
        kind=kind,
        now=now(),
    )
    context.commit()
    response = Response(data, mimetype=media_type)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@blueprint.get("/origineel")
@requires(Action.WORK_ON_CASES)
def original(school: str, case_id: str, evidence_id: str) -> Response:  # noqa: ARG001 - `current_school` reads it
    """Give the original as it came, only ever as a download."""
    item = find_item(case_id, evidence_id)
    if item.withheld:
        abort(403)
    evidence.log_download(db(), actor=current_actor(), item=item, now=now())
    context.commit()
    response = Response(evidence.stream(portal().store, item), mimetype="application/octet-stream")
    response.headers["Content-Length"] = str(item.body["size"])
    response.headers["Content-Disposition"] = attachment(item.body["name"])
    response.headers["Content-Security-Policy"] = SANDBOX
    return response
