"""Writing down who is in an incident: each change is a new version, and nothing is erased."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.informing import MEDIA
from portal.domain.people import AGE_BANDS, AUTHORITIES, PARTS
from portal.models import Case, new_id
from portal.services import case_keys, case_records, case_work, people, protocols, stands
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.people import PERSON, PersonView, RepresentativeView
from portal.services.staff import StaffActor

NAME_LIMIT, LINE_LIMIT = 120, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForm:
    """What staff fill in about a pupil."""

    name: str
    part: str
    nickname: str = ""
    class_name: str = ""
    age_band: str = ""
    sibling: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeForm:
    """What staff fill in about a parent or guardian."""

    name: str
    authority: str
    relation: str = ""
    medium: str = ""
    contact: str = ""
    inform: bool = True
    reason: str = ""


def add(
    session: Session, *, actor: StaffActor, case_id: str, form: PersonForm, now: datetime
) -> str:
    """Write down one more person of the incident.

    Returns:
        Their key.

    Raises:
        InvalidInputError: without a name, or with a part or an age that is none.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    body = _checked(form) | {"person": new_id(), "version": 1, "representatives": []}
    _write(session, case, opened, {**body, "what": "added"}, actor, now)
    return str(body["person"])


def change(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    person_id: str,
    version: int,
    form: PersonForm,
    now: datetime,
) -> None:
    """Write a new version of a person.

    Raises:
        ConflictError: somebody else did so after this person looked.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    known = _known(session, opened, person_id, version)
    what = "part" if form.part != known.part else "changed"
    body = {**_body(known), **_checked(form), "what": what}
    _write(session, case, opened, body, actor, now)


def set_representative(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    person_id: str,
    version: int,
    form: RepresentativeForm,
    now: datetime,
    representative_id: str = "",
) -> None:
    """Add a parent or guardian to a pupil, or say something else of one.

    Raises:
        InvalidInputError: without a name or authority, or not to be told without a reason.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    known = _known(session, opened, person_id, version)
    if representative_id and known.representative(representative_id) is None:
        raise NotFoundError(representative_id)
    one = _representative(form, representative_id or new_id())
    others = [asdict(other) for other in known.representatives if other.key != one.key]
    body = {**_body(known), "representatives": [*others, asdict(one)], "what": "family"}
    _write(session, case, opened, body, actor, now)


def _known(session: Session, opened: CaseKeys, person_id: str, version: int) -> PersonView:
    found = next((one for one in people.read(session, opened) if one.key == person_id), None)
    if found is None:
        raise NotFoundError(person_id)
    if found.version != version:
        raise ConflictError(person_id)
    return found


def _body(known: PersonView) -> dict[str, Any]:
    return {
        "person": known.key,
        "name": known.name,
        "nickname": known.nickname,
        "class": known.class_name,
        "part": known.part,
        "age_band": known.age_band,
        "sibling": known.sibling,
        "representatives": [asdict(one) for one in known.representatives],
        "version": known.version + 1,
    }


def _checked(form: PersonForm) -> dict[str, Any]:
    if form.part not in PARTS:
        raise InvalidInputError("part", "unknown")
    if form.age_band not in ("", *AGE_BANDS):
        raise InvalidInputError("age_band", "unknown")
    return {
        "name": _line("name", form.name, NAME_LIMIT, needed=True),
        "nickname": _line("nickname", form.nickname, NAME_LIMIT),
        "class": _line("class_name", form.class_name, NAME_LIMIT),
        "part": form.part,
        "age_band": form.age_band,
        "sibling": _line("sibling", form.sibling, LINE_LIMIT),
    }


def _representative(form: RepresentativeForm, key: str) -> RepresentativeView:
    if form.authority not in AUTHORITIES:
        raise InvalidInputError("authority", "unknown")
    if form.medium not in ("", *MEDIA):
        raise InvalidInputError("way", "unknown")
    return RepresentativeView(
        key=key,
        name=_line("parent_name", form.name, NAME_LIMIT, needed=True),
        relation=_line("relation", form.relation, NAME_LIMIT),
        authority=form.authority,
        medium=form.medium,
        contact=_line("contact", form.contact, LINE_LIMIT),
        inform=form.inform,
        reason=_line("reason", form.reason, LINE_LIMIT, needed=not form.inform),
    )


def _line(field: str, text: str, limit: int, *, needed: bool = False) -> str:
    words = " ".join(case_records.checked(field, text, may_be_empty=not needed).split())
    if len(words) > limit:
        raise InvalidInputError(field, "too_long")
    return words


def _write(
    session: Session,
    case: Case,
    opened: CaseKeys,
    body: dict[str, Any],
    actor: StaffActor,
    now: datetime,
) -> None:
    """Seal a version; whose consent is asked may have changed with it, and so what comes next."""
    case_records.write(session, case, opened, PERSON, body, actor=actor, now=now)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    protocol = protocols.of_case(session, case)
    known = people.persons_of(session, opened)
    stands.look_ahead(session, case, opened, protocol, steps, now, known)
    case_records.settle(session, case)
