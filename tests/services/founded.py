"""A small founded school for tests of staff, roster and recovery."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.db import make_engine, make_session_factory
from portal.models import Base, StaffMember
from portal.protocols import load
from portal.services import (
    accounts,
    confirmations,
    founding,
    printed_codes,
    roster_files,
    schools,
    sessions,
    staff,
    totp,
    transaction,
)
from portal.services.instance_keys import InstanceKeys

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
KEYS = InstanceKeys(b"k" * 32)
PASSPHRASE = "zeven gele bootjes varen uit"
PROTOCOL = "cals"
STAFF_CSV = """code;naam;email;rollen;klassen;jaarlagen;vervanger
BAK;Marijke Bakker;bakker@school.example;mentor;1A;;WIT
WIT;Henk de Wit;dewit@school.example;mentor;1B;;BAK
VOS;Noor Vos;vos@school.example;leerlingcoordinator;;1;
JAN;Sem Jansen;jansen@school.example;docent;1A,1B;;
DIJ;Hanna Dijk;dijk@school.example;schoolleiding;;;
"""
CLASSES_CSV = """klas;jaarlaag;locatie;mentor;leerlingcoordinator
1A;1;Hoofdgebouw;BAK;VOS
1B;1;Hoofdgebouw;WIT;VOS
"""


@dataclass
class Founded:
    """A school, its session, the holders' identities and everybody's activation code."""

    session: Session
    school: schools.SchoolView
    holders: list[Identity]
    codes: dict[str, str]

    def member(self, code: str) -> StaffMember:
        return self.session.scalars(
            select(StaffMember).where(
                StaffMember.school_id == self.school.id, StaffMember.code == code
            )
        ).one()


def open_database(folder: Path) -> Session:
    engine = make_engine(f"sqlite:///{folder / 'portal.sqlite3'}")
    Base.metadata.create_all(engine)
    return make_session_factory(engine)()


def found_school(session: Session, slug: str = "linde") -> Founded:
    holders = [Identity.generate() for _ in range(3)]
    files = roster_files.read_pair(STAFF_CSV.encode(), CLASSES_CSV.encode(), load(PROTOCOL))
    invited = founding.found(
        session,
        slug=slug,
        name="Lindecollege",
        protocol_key=PROTOCOL,
        place="Utrecht",
        files=files,
        holders=[
            founding.Holder("Marijke Bakker", str(holders[0].recipient), "BAK"),
            founding.Holder("Ans Peters", str(holders[1].recipient)),
            founding.Holder("Piet Mol", str(holders[2].recipient)),
        ],
        founder_code="VOS",
        keys=KEYS,
        now=NOW,
    )
    transaction.commit(session)
    view = schools.find(session, slug=slug)
    assert view is not None
    return Founded(session, view, holders, {item.login.upper(): item.code for item in invited})


def code_at(secret: str, moment: datetime) -> str:
    return pyotp.TOTP(secret).at(moment)


def activate(
    founded: Founded, code: str, *, now: datetime = NOW, passphrase: str = PASSPHRASE
) -> tuple[accounts.Activation, str]:
    """Activate one member; gives the activation and the TOTP secret."""
    secret = totp.new_secret()
    activation = accounts.activate(
        founded.session,
        school=founded.school,
        activation_code=founded.codes[code],
        passphrase=passphrase,
        totp_secret=secret,
        totp_code=code_at(secret, now),
        keys=KEYS,
        now=now,
    )
    transaction.commit(founded.session)
    return activation, secret


def actor_from(founded: Founded, data: dict[str, str], *, now: datetime = NOW) -> staff.StaffActor:
    """Give the actor of a live session with this content."""
    live = sessions.begin(
        founded.session,
        kind=sessions.STAFF,
        school_id=founded.school.id,
        data=data,
        now=now,
        staff_id=data["staff"],
    )
    transaction.commit(founded.session)
    actor = staff.actor_of(founded.session, live)
    assert actor is not None
    return actor


def activate_and_confirm(founded: Founded, *codes: str) -> dict[str, staff.StaffActor]:
    """Activate the founder and these colleagues; the founder confirms them all."""
    first, _ = activate(founded, "VOS")
    founder = actor_from(founded, first.data)
    actors = {"VOS": founder}
    for code in codes:
        activation, _ = activate(founded, code)
        confirmations.confirm(
            founded.session,
            actor=founder,
            staff_id=activation.staff_id,
            typed_fingerprint=activation.fingerprint,
            now=NOW,
        )
        transaction.commit(founded.session)
        actors[code] = actor_from(founded, activation.data)
    return actors


def printed(code: str) -> str:
    """Give a code as it stands on paper."""
    return printed_codes.shown(code)
