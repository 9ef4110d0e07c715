"""Finding schools, and what pages may know of one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import School, SchoolClass


@dataclass(frozen=True, slots=True)
class SchoolView:
    """A school as pages see it."""

    id: str
    slug: str
    name: str
    protocol_key: str
    place: str
    answer_days: int
    is_open: bool
    holidays: str = ""
    reading_hours: str = ""
    accent: str = ""
    logo: str = ""
    opening: str = ""
    contact: str = ""


def find(session: Session, *, slug: str) -> SchoolView | None:
    """Find one school by the name in its address."""
    school = session.scalar(select(School).where(School.slug == slug))
    return view_of(school) if school is not None else None


def all_schools(session: Session) -> list[SchoolView]:
    """List all schools by name."""
    return [view_of(school) for school in session.scalars(select(School).order_by(School.name))]


def classes_of(session: Session, school_id: str) -> list[SchoolClass]:
    """List a school's classes by name."""
    query = select(SchoolClass).where(SchoolClass.school_id == school_id)
    return sorted(session.scalars(query), key=lambda row: row.name)


def view_of(school: School) -> SchoolView:
    """Take from the row what pages may know."""
    return SchoolView(
        id=school.id,
        slug=school.slug,
        name=school.name,
        protocol_key=school.protocol_key,
        place=school.place,
        answer_days=school.answer_days,
        is_open=school.opened_at is not None,
        holidays=school.holidays,
        reading_hours=school.reading_hours,
        accent=school.accent,
        logo=school.logo,
        opening=school.opening,
        contact=school.contact,
    )
