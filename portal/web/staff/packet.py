"""The packet for the police: choose the evidence, get one zip."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.domain.permissions import Action
from portal.services import cases, packets, reading
from portal.services.errors import InvalidInputError
from portal.web import context
from portal.web.context import current_school, db, now, portal
from portal.web.filenames import attachment
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import page

blueprint = Blueprint("staff_packet", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
NONE_OF_THIS = "Kies bestanden die bij deze zaak horen."


@blueprint.get("/aangifte")
@requires(Action.WORK_ON_CASES)
def choose(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Choose what goes along."""
    return _choose(case_id)


def _choose(case_id: str, errors: list[tuple[str, str]] | None = None) -> str:
    view = cases.show(db(), actor=current_actor(), case_id=case_id, now=now())
    told = [reading.lines_of(db(), report, view.row.id) for report in view.reports]
    return page("staff/packet.html", case=view, told=told, errors=errors or [])


@blueprint.post("/aangiftepakket")
@requires(Action.WORK_ON_CASES)
def export(school: str, case_id: str) -> Response | tuple[str, int]:  # noqa: ARG001 - `current_school` reads it
    """Write the export into the log, then make the packet and hand it out."""
    actor, parts = current_actor(), portal()
    try:
        wanted = packets.order(
            db(), actor=actor, case_id=case_id, chosen=request.form.getlist("item"), now=now()
        )
    except InvalidInputError:
        return _choose(case_id, [("item", NONE_OF_THIS)]), 422
    context.commit()
    pieces = packets.build(
        db(),
        actor=actor,
        school=current_school(),
        store=parts.store,
        keys=parts.keys,
        instance_dir=parts.settings.instance_dir,
        wanted=wanted,
        now=now(),
    )
    context.commit()
    response = Response(pieces, mimetype="application/zip")
    response.headers["Content-Disposition"] = attachment(packets.FILE_NAME)
    return response
