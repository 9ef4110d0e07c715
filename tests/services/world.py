"""A school with activated, confirmed staff, made in milliseconds, and what people do in it.

Keys are put into the rows directly, so that no test waits for passphrases; how accounts get
their keys is tested with the accounts. Everything after that goes through the services.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from evidence_store import EvidenceStore, Identity
from evidence_store.backends import LocalBackend
from portal import protocols
from portal.config import Settings
from portal.demo.names import CLASSES, SCHOOLS, FictionalSchool
from portal.demo.roster import Pair, make_pair
from portal.domain.permissions import powers_of
from portal.models import CustodyEvent, School, StaffMember, StaffRole
from portal.services import drafts, founding, reports, schools, sessions, staff, transaction
from portal.services import uploads as uploading
from portal.services.case_views import CaseView, EntryView
from portal.services.drafts import ListedFile
from portal.services.errors import NotFoundError
from portal.services.instance_keys import InstanceKeys
from portal.services.reports import Receipt
from portal.services.roster_files import read_pair
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession
from portal.services.staff import StaffActor

NOW = datetime(2026, 11, 16, 9, 30, 12, tzinfo=UTC)
KEYS = InstanceKeys(b"i" * 32)
STORY = "Ze zetten steeds foto's van mij in de groep."
VERSION = "2026-11"
ASKED = {
    "story": "Wat is er gebeurd?",
    "people": "Wie hebben ermee te maken?",
    "classes": "In welke klassen zitten zij?",
    "when": "Wanneer was het?",
    "where": "Waar was het?",
    "name": "Wie mag je naam weten?",
}
"""What the questions of a report are called."""
HOLDERS = 3
Answers = dict[str, Any]


@dataclass
class World:
    """One school, the identities of everybody in it, and the store of its instance."""

    factory: sessionmaker[Session]
    store: EvidenceStore
    settings: Settings
    school: SchoolView
    pair: Pair
    ids: dict[str, str]
    identities: dict[str, Identity]
    recovery: list[Identity]
    classes: dict[str, str]
    keys: InstanceKeys = field(default=KEYS)

    def actor(self, session: Session, code: str) -> StaffActor:
        """Somebody who is logged in."""
        member = session.get_one(StaffMember, self.ids[code])
        return StaffActor(
            id=member.id,
            school_id=member.school_id,
            name=member.name,
            code=member.code,
            role_keys=staff.role_keys_of(session, member),
            powers=powers_of(activated=True, confirmed=True, is_admin=member.is_admin),
            identity=self.identities[code],
        )

    def code_of(self, staff_id: str) -> str:
        """The code in the file of somebody's id."""
        return next(code for code, known in self.ids.items() if known == staff_id)

    def with_role(self, role: str) -> list[str]:
        """Codes of those who hold a role."""
        return [line.code for line in self.pair.lines if line.roles == role]

    def mentor_of(self, name: str) -> str:
        """Code of the first-line person of a class."""
        return self.pair.first_line[name]


def make_world(
    factory: sessionmaker[Session],
    folder: Path,
    *,
    protocol: str = "cals",
    holders: tuple[str, ...] = (),
) -> World:
    """Found and open the fictional school of a protocol.

    Args:
        holders: codes of staff who keep a recovery key; the others are no staff.
    """
    fictional = next(one for one in SCHOOLS if one.protocol == protocol)
    pair = make_pair(fictional, protocols.load(protocol), start=0)
    recovery = [Identity.generate() for _ in range(HOLDERS)]
    keepers = [*holders, *([""] * (HOLDERS - len(holders)))]
    with factory() as session:
        _found(session, fictional, pair, recovery, keepers)
        identities = _give_keys(session, pair, fictional)
        reasons = founding.open_school(session, slug=fictional.slug, actor=founding.SYSTEM, now=NOW)
        assert reasons == []
        transaction.commit(session)
        view = schools.find(session, slug=fictional.slug)
        assert view is not None
        members = session.scalars(select(StaffMember).where(StaffMember.school_id == view.id))
        ids = {member.code: member.id for member in members}
        classes = {row.name: row.id for row in schools.classes_of(session, view.id)}
    settings = Settings(instance_dir=folder)
    store = EvidenceStore(LocalBackend(folder / "evidence"))
    return World(factory, store, settings, view, pair, ids, identities, recovery, classes)


def _found(
    session: Session,
    fictional: FictionalSchool,
    pair: Pair,
    recovery: list[Identity],
    keepers: list[str],
) -> None:
    founding.found(
        session,
        slug=fictional.slug,
        name=fictional.name,
        protocol_key=fictional.protocol,
        place=fictional.place,
        files=read_pair(pair.staff_csv(), pair.classes_csv(), protocols.load(fictional.protocol)),
        holders=[
            founding.Holder(f"Houder {number}", str(one.recipient), code)
            for number, (one, code) in enumerate(zip(recovery, keepers, strict=True))
        ],
        founder_code=pair.lines[0].code,
        keys=KEYS,
        now=NOW,
    )
    transaction.commit(session)


def _give_keys(session: Session, pair: Pair, fictional: FictionalSchool) -> dict[str, Identity]:
    school = session.scalars(select(School).where(School.slug == fictional.slug)).one()
    found = {}
    for member in session.scalars(select(StaffMember).where(StaffMember.school_id == school.id)):
        identity = Identity.generate()
        member.recipient = str(identity.recipient)
        member.activated_at = member.confirmed_at = NOW
        member.activation_hash = member.activation_until = None
        found[member.code] = identity
    session.flush()
    return found


def role_of(session: Session, staff_id: str) -> str:
    """A role that somebody holds."""
    query = select(StaffRole.role_key).where(StaffRole.staff_id == staff_id)
    return session.scalars(query.order_by(StaffRole.role_key)).first() or ""


def answers(world: World, *, accused_class: str = CLASSES[0][0], **more: Any) -> Answers:
    """Values of a plain report: inside one class, by the pupil it is about."""
    plain = {
        "story": STORY,
        "classes": {
            "subject": [world.classes[CLASSES[0][0]]],
            "accused": [world.classes[accused_class]],
        },
    }
    return {**plain, **more}


def begin(
    world: World, session: Session, told: Answers, *, perspective: str = "subject"
) -> SealedSession:
    """Begin a draft as a browser does, and answer."""
    report_id, data = drafts.begin(
        session, school=world.school, perspective=perspective, language="nl", now=NOW
    )
    live = sessions.begin(
        session,
        kind=sessions.DRAFT,
        school_id=world.school.id,
        data=data,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    for key, value in told.items():
        answer(session, live, key, value)
    return live


def answer(session: Session, live: SealedSession, key: str, value: object) -> None:
    """Save one answer in a request of its own."""
    question = ASKED.get(key, f"Vraag {key}")
    drafts.save_answer(
        session, live=live, key=key, value=value, question=question, version=VERSION, now=NOW
    )
    transaction.commit(session)


def resume(world: World, session: Session, live: SealedSession) -> SealedSession:
    """Come with the same cookie in another request."""
    found = sessions.resume(session, cookie=live.cookie, school_id=world.school.id, now=NOW)
    assert found is not None
    return found


def upload(
    world: World,
    session: Session,
    live: SealedSession,
    *files: tuple[str, bytes],
    now: datetime = NOW,
) -> list[ListedFile]:
    """Send files in one request."""
    sinks = []
    for name, data in files:
        sink = uploading.begin(
            session,
            live=live,
            school=world.school,
            store=world.store,
            name=name,
            declared_type="application/octet-stream",
            settings=world.settings,
        )
        for piece in _pieces(data):
            sink.write(piece)
        sink.finish()
        assert sink.problem is None
        sinks.append(sink)
    listed = uploading.record(session, live=live, school=world.school, finished=sinks, now=now)
    transaction.commit(session)
    return listed


def _pieces(data: bytes) -> Iterator[bytes]:
    source = io.BytesIO(data)
    while piece := source.read(50_000):
        yield piece


def seen_by(world: World, session: Session, live: SealedSession, **other: Any) -> str:
    """Look the draft over, as the page does before sending; "" when there is nothing left."""
    try:
        draft = drafts.load(session, live=live)
    except NotFoundError:
        return ""
    given = {"school": world.school, "now": NOW, **other}
    return drafts.route(session, draft=draft, **given).digest


def submit(world: World, session: Session, live: SealedSession, **other: Any) -> Receipt:
    """Tap "send", without the commit at the edge."""
    given = {"token": live.data["token"], "school": world.school, "now": NOW, **other}
    if "seen" not in given:
        given["seen"] = seen_by(world, session, live)
    return reports.submit(session, live=live, instance=world.keys, **given)


def send(world: World, session: Session, live: SealedSession, **other: Any) -> Receipt:
    """Send a report."""
    receipt = submit(world, session, live, **other)
    transaction.commit(session)
    return receipt


def report(world: World, session: Session, told: Answers, *files: tuple[str, bytes]) -> Receipt:
    """Tell a whole report, with files, and send it."""
    live = begin(world, session, told)
    if files:
        upload(world, session, live, *files)
    return send(world, session, live)


def events(session: Session, school_id: str) -> list[str]:
    """Kinds of all custody events in the order of the log."""
    query = select(CustodyEvent.kind).where(CustodyEvent.school_id == school_id)
    return list(session.scalars(query.order_by(CustodyEvent.position)))


def entries(view: CaseView) -> list[EntryView]:
    """All lines of a case, oldest first."""
    return [entry for day in view.days for entry in day.entries]
