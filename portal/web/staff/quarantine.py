"""One press for what staff should not see; and the cleaned copy of what is sealed."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from portal import data
from portal.domain.intimate_steps import IntimateSteps
from portal.domain.permissions import Action
from portal.services import copies, evidence, quarantine, transaction
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.quarantine import ClosedOff
from portal.web import context
from portal.web.context import db, now, portal
from portal.web.filenames import attachment
from portal.web.guards import current_actor, requires
from portal.web.staff.evidence import find_item, item_page
from portal.web.staff.layout import case_page

blueprint = Blueprint(
    "staff_quarantine", __name__, url_prefix="/<school>/bureau/zaken/<case_id>/bewijs/<evidence_id>"
)
SANDBOX = "default-src 'none'; sandbox"
NOTHING_SAID = "Schrijf eerst op wat er is gedaan."


@blueprint.app_template_global()
def closed_off_in(case_id: str) -> list[ClosedOff]:
    """What was closed in a case because staff should not see it."""
    return quarantine.closed_off(db(), actor=current_actor(), case_id=case_id)


@blueprint.app_template_global()
def intimate_steps() -> IntimateSteps:
    """What each role does now."""
    return data.intimate_steps()


@blueprint.get("/dicht")
@requires(Action.WORK_ON_CASES)
def ask(school: str, case_id: str, evidence_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Say what will happen, and ask once more."""
    actor = current_actor()
    item = find_item(case_id, evidence_id)
    views = evidence.siblings(db(), actor=actor, item=item)
    view = next(one for one in views if one.id == evidence_id)
    return case_page(
        "staff/close_off.html",
        item=view,
        case_id=case_id,
        label=item.case.label,
        members=copies.members(db(), portal().store, item),
        member=request.args.get("lid", ""),
    )


@blueprint.post("/dicht")
@requires(Action.WORK_ON_CASES)
def close(school: str, case_id: str, evidence_id: str) -> Answer:
    """Seal it for everybody at once."""
    try:
        _close(case_id, evidence_id)
    except ConflictError:
        # Somebody was first: a colleague, or the wish of its reporter, which leaves a copy to see.
        transaction.rollback(db())
        _close(case_id, evidence_id)
    return _back(school, case_id, evidence_id)


def _close(case_id: str, evidence_id: str) -> None:
    quarantine.close_off(
        db(),
        actor=current_actor(),
        store=portal().store,
        case_id=case_id,
        evidence_id=evidence_id,
        now=now(),
        members=request.form.getlist("member", type=int),
    )


@blueprint.post("/gedaan")
@requires(Action.WORK_ON_CASES)
def handled(school: str, case_id: str, evidence_id: str) -> Answer | tuple[str, int]:
    """Write down what was done; without words the page asks again."""
    try:
        quarantine.handle(
            db(),
            actor=current_actor(),
            case_id=case_id,
            evidence_id=evidence_id,
            text=request.form.get("handled", ""),
            now=now(),
        )
    except InvalidInputError:
        return item_page(case_id, evidence_id, [("handled", NOTHING_SAID)]), 422
    return _back(school, case_id, evidence_id)


@blueprint.get("/kopie")
@requires(Action.WORK_ON_CASES)
def copy(school: str, case_id: str, evidence_id: str) -> Response:  # noqa: ARG001 - `current_school` reads it
    """Give the cleaned copy; it is written down before the first byte goes out."""
    actor = current_actor()
    item = find_item(case_id, evidence_id)
    body, media_type = copies.cleaned(db(), actor=actor, item=item, now=now())
    context.commit()
    response = Response(body, content_type=media_type)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@blueprint.get("/overig")
@requires(Action.WORK_ON_CASES)
def rest(school: str, case_id: str, evidence_id: str) -> Response:  # noqa: ARG001 - `current_school` reads it
    """Give what else was in a zip of which something was closed, only ever as a download."""
    item = find_item(case_id, evidence_id)
    data = copies.rest(db(), actor=current_actor(), item=item, now=now())
    context.commit()
    response = Response(data, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = attachment(f"overig-{item.body['sha256'][:8]}.zip")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _back(school: str, case_id: str, evidence_id: str) -> Answer:
    return redirect(
        url_for("staff_evidence.show", school=school, case_id=case_id, evidence_id=evidence_id),
        303,
    )
