"""What a school shows of itself: colour, logo, texts, contact point, and photos of its staff."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStoreError
from evidence_store.inspect.public import LOGO, PORTRAIT, make_public_picture
from portal.db import begin_write
from portal.domain import colour
from portal.domain.custody_kinds import CustodyKind
from portal.models import School, SchoolPicture, StaffMember, new_id
from portal.services.custody import Actor, record_event
from portal.services.errors import InvalidInputError
from portal.services.staff import StaffActor

LOGO_BOX, LOGO_BYTES = (240, 80), 10_000
PHOTO_SIDE, PHOTO_BYTES = 320, 40_000
LARGEST_UPLOAD = 12 << 20
"""What a form keeps of a file; one that is cut off there is not looked at."""
LONGEST_TEXT = 600
MOST_DAYS = 10
REFUSALS = frozenset({"wrong_type", "too_many_pixels", "too_many_scans", "too_detailed", "busy"})
"""What the decoder refuses a picture for; everything else is a broken one."""


@dataclass(frozen=True, slots=True)
class Face:
    """What can be set on the page of the school's own look."""

    accent: str
    opening: str
    contact: str
    contact_staff_id: str
    answer_days: int


def of(session: Session, *, school_id: str) -> Face:
    """Give what is set now."""
    school = session.get_one(School, school_id)
    return Face(
        accent=school.accent,
        opening=school.opening,
        contact=school.contact,
        contact_staff_id=school.contact_staff_id or "",
        answer_days=school.answer_days,
    )


def change(session: Session, *, actor: Actor, school_id: str, wanted: Face, now: datetime) -> None:
    """Change colour, texts, contact point and the days to an answer.

    Raises:
        InvalidInputError: field of `Face`, with ``malformed``, ``contrast``, ``too_long``,
            ``unknown`` or ``out_of_range``; nothing is changed then.
    """
    accent = _accent(wanted.accent)
    texts = {"opening": wanted.opening.strip(), "contact": wanted.contact.strip()}
    for field, text in texts.items():
        if len(text) > LONGEST_TEXT:
            raise InvalidInputError(field, "too_long")
    if not 1 <= wanted.answer_days <= MOST_DAYS:
        raise InvalidInputError("answer_days", "out_of_range")
    if wanted.contact_staff_id and not _works_here(session, school_id, wanted.contact_staff_id):
        raise InvalidInputError("contact_staff_id", "unknown")
    begin_write(session)
    school = session.get_one(School, school_id)
    values = {
        **texts,
        "accent": accent,
        "answer_days": wanted.answer_days,
        "contact_staff_id": wanted.contact_staff_id or None,
    }
    changed = sorted(name for name, value in values.items() if getattr(school, name) != value)
    for name in changed:
        setattr(school, name, values[name])
    if changed:
        _log(session, school_id, actor, now, changed)


def set_logo(session: Session, *, actor: Actor, school_id: str, data: bytes, now: datetime) -> None:
    """Take a logo: decoded and drawn anew in the sandbox, small, without anything but pixels.

    Raises:
        InvalidInputError: field ``logo``; ``empty``, ``too_large`` or what the decoder said.
    """
    width, height = LOGO_BOX
    made = _drawn("logo", data, shape=LOGO, width=width, height=height, most=LOGO_BYTES)
    begin_write(session)
    _remove_pictures(session, school_id, None)
    session.add(made.row(school_id, None))
    session.get_one(School, school_id).logo = made.digest
    _log(session, school_id, actor, now, ["logo"])


def remove_logo(session: Session, *, actor: Actor, school_id: str, now: datetime) -> None:
    """Go back to the mark of the portal."""
    begin_write(session)
    _remove_pictures(session, school_id, None)
    session.get_one(School, school_id).logo = ""
    _log(session, school_id, actor, now, ["logo"])


def show_photo(
    session: Session, *, actor: StaffActor, data: bytes, agreed: bool, now: datetime
) -> None:
    """Show somebody's own photo on the public page, because they say so themselves.

    Raises:
        InvalidInputError: field ``photo`` as for a logo, or ``agreed`` when they did not.
    """
    if not agreed:
        raise InvalidInputError("agreed", "missing")
    made = _drawn(
        "photo", data, shape=PORTRAIT, width=PHOTO_SIDE, height=PHOTO_SIDE, most=PHOTO_BYTES
    )
    begin_write(session)
    _remove_pictures(session, actor.school_id, actor.id)
    session.add(made.row(actor.school_id, actor.id))
    _log_photo(session, actor, now, shown=True)


def hide_photo(session: Session, *, actor: StaffActor, now: datetime) -> None:
    """Take one's own photo away again; it is gone at once."""
    begin_write(session)
    _remove_pictures(session, actor.school_id, actor.id)
    _log_photo(session, actor, now, shown=False)


def forget_photo(session: Session, *, school_id: str, staff_id: str) -> None:
    """Delete the photo of somebody whose account ends."""
    _remove_pictures(session, school_id, staff_id)


def photo_of(session: Session, *, school_id: str, staff_id: str) -> str:
    """Give the digest of somebody's photo, empty when there is none."""
    return photos_of(session, school_id=school_id).get(staff_id, "")


def photos_of(session: Session, *, school_id: str) -> dict[str, str]:
    """Give the digests of all photos by member of staff."""
    query = select(SchoolPicture.staff_id, SchoolPicture.digest).where(
        SchoolPicture.school_id == school_id, SchoolPicture.staff_id.is_not(None)
    )
    return {str(row.staff_id): row.digest for row in session.execute(query)}


def picture(session: Session, *, school_id: str, digest: str) -> tuple[bytes, str, bool] | None:
    """Give a picture, its media type, and whether it is the logo; None when it is gone."""
    query = (
        select(SchoolPicture)
        .where(SchoolPicture.school_id == school_id, SchoolPicture.digest == digest)
        .order_by(SchoolPicture.staff_id)
        .limit(1)
    )
    row = session.scalar(query)
    return (row.data, row.media_type, row.staff_id is None) if row is not None else None


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A picture that the sandbox drew."""

    data: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def row(self, school_id: str, staff_id: str | None) -> SchoolPicture:
        return SchoolPicture(
            id=new_id(),
            school_id=school_id,
            staff_id=staff_id,
            digest=self.digest,
            media_type=self.media_type,
            data=self.data,
        )


def _drawn(field: str, data: bytes, *, shape: str, width: int, height: int, most: int) -> _Drawn:
    if not data:
        raise InvalidInputError(field, "empty")
    if len(data) >= LARGEST_UPLOAD:
        raise InvalidInputError(field, "too_large")
    try:
        made = make_public_picture(data, shape=shape, width=width, height=height, max_bytes=most)
    except EvidenceStoreError as error:
        problem = str(error)
        raise InvalidInputError(field, problem if problem in REFUSALS else "broken") from error
    return _Drawn(made.data, made.media_type)


def _accent(text: str) -> str:
    if not text.strip():
        return ""
    accent = colour.normal(text)
    if accent is None:
        raise InvalidInputError("accent", "malformed")
    if not colour.judge(accent).accepted:
        raise InvalidInputError("accent", "contrast")
    return accent


def _works_here(session: Session, school_id: str, staff_id: str) -> bool:
    member = session.get(StaffMember, staff_id)
    return member is not None and member.school_id == school_id and member.disabled_at is None


def _remove_pictures(session: Session, school_id: str, staff_id: str | None) -> None:
    whose = (
        SchoolPicture.staff_id.is_(None) if staff_id is None else SchoolPicture.staff_id == staff_id
    )
    session.execute(delete(SchoolPicture).where(SchoolPicture.school_id == school_id, whose))


def _log(session: Session, school_id: str, actor: Actor, now: datetime, changed: list[str]) -> None:
    record_event(
        session,
        CustodyKind.SCHOOL_CHANGED,
        school_id=school_id,
        actor=actor,
        now=now,
        particulars={"changed": changed},
    )


def _log_photo(session: Session, actor: StaffActor, now: datetime, *, shown: bool) -> None:
    record_event(
        session,
        CustodyKind.STAFF_PICTURED,
        school_id=actor.school_id,
        actor=actor.custody,
        now=now,
        about=[actor.id],
        particulars={"shown": shown},
    )
