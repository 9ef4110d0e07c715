"""The packet for the police: what is there in the order of their list, choose, get one zip."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.domain.permissions import Action
from portal.services import cases, packets, readiness
from portal.services.errors import InvalidInputError
from portal.services.readiness import Parties
from portal.web import context
from portal.web.context import current_school, db, now, portal
from portal.web.filenames import attachment
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import Problem, case_page, note_first_opening

blueprint = Blueprint("staff_packet", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
NONE_OF_THIS = "Kies bestanden die bij deze zaak horen."
TOO_LONG = "Dit is te lang. Houd het bij een paar regels."
PARTY_FIELDS = ("reporter", "on_behalf_of", "consent", "wish")
PARTY_LIMIT = 2_000


@blueprint.get("/aangifte", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def choose(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Choose what goes along."""
    return _choose(case_id)


def _choose(case_id: str, errors: list[Problem] | None = None) -> str:
    note_first_opening(case_id)
    view = cases.show(db(), actor=current_actor(), case_id=case_id, now=now())
    parties = _parties()
    rows = readiness.rows(view, parties)
    sent = request.method == "POST"
    return case_page(
        "staff/packet.html",
        errors=errors,
        case=view,
        rows=rows,
        counts=readiness.counts(rows),
        parties=parties,
        items=[item for item in view.evidence if not item.withheld],
        kept_back=[item for item in view.evidence if item.withheld],
        chosen=set(request.form.getlist("item")) if sent else {item.id for item in view.evidence},
    )


def _parties() -> Parties:
    return Parties(**{name: request.form.get(name, "").strip() for name in PARTY_FIELDS})


@blueprint.post("/aangiftepakket")
@requires(Action.WORK_ON_CASES)
def export(school: str, case_id: str) -> Response | tuple[str, int]:  # noqa: ARG001 - `current_school` reads it
    """Write the export into the log, then make the packet and hand it out."""
    actor, parts, parties = current_actor(), portal(), _parties()
    long = [name for name in PARTY_FIELDS if len(getattr(parties, name)) > PARTY_LIMIT]
    if long:
        return _choose(case_id, [(name, TOO_LONG) for name in long]), 422
    note_first_opening(case_id)
    chosen = request.form.getlist("item")
    try:
        wanted = packets.order(db(), actor=actor, case_id=case_id, chosen=chosen, now=now())
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
        parties=parties,
    )
    context.commit()
    response = Response(pieces, mimetype="application/zip")
    response.headers["Content-Disposition"] = attachment(packets.FILE_NAME)
    return response
