"""A handful of invented cases per school, in different states, told through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.data import questions
from portal.demo import samples
from portal.models import Case
from portal.services import (
    case_work,
    cases,
    drafts,
    packets,
    reporter,
    reports,
    schools,
    sessions,
    transaction,
    uploads,
)
from portal.services.errors import InvalidInputError
from portal.services.runtime import Portal
from portal.services.staff import StaffActor

if TYPE_CHECKING:
    from portal.demo.build import DemoSchool


@dataclass(frozen=True, slots=True)
class Story:
    """One invented report and what staff did with it since."""

    perspective: str
    text: str
    days_ago: int
    subject: str = ""
    accused: str = ""
    online: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    name: str = ""
    reply: str = ""
    answer: str = ""
    steps: int = 0
    safety: Mapping[str, bool] = field(default_factory=dict)


STORIES = (
    Story(
        "subject",
        "Sinds de herfstvakantie is er een groepsapp zonder mij. Ze zetten er foto’s in die in de "
        "les zijn gemaakt en schrijven er gemene dingen bij. Vrijdag kwam er een filmpje online.",
        days_ago=4,
        subject="2B",
        accused="2B",
        online={
            "platform": "instagram",
            "account": "@2b_zonder_n",
            "url": "https://www.instagram.com/2b_zonder_n/",
            "when": "vrijdag 13 november, 21.07 uur",
            "nickname": "~ kevin",
        },
        files=("png", "whatsapp_zip", "video"),
        reply="Wat goed dat je dit vertelt. Ik heb het gelezen. Zullen we morgen even praten?",
        answer="Ja, maar niet in de klas. En mijn ouders weten het nog niet.",
        steps=1,
    ),
    Story(
        "bystander",
        "In de fietsenstalling wachten ze elke dag een jongen uit 1A op. Ze pakken zijn tas af.",
        days_ago=1,
        subject="1A",
        accused="3A",
    ),
    Story(
        "parent",
        "Mijn dochter wil niet meer naar school. Zij krijgt elke avond berichten. Ik heb de "
        "schermafdrukken en een mail bewaard.",
        days_ago=9,
        subject="3B",
        accused="3B",
        files=("jpeg", "mail", "pdf"),
        name="F. Voorbeeld",
        reply="Dank u wel voor uw melding. Ik bel u vandaag.",
        steps=3,
    ),
    Story(
        "subject",
        "Een leraar maakt elke les grappen over hoe ik praat. Iedereen lacht dan.",
        days_ago=2,
        subject="2A",
    ),
)
STAFF_STORY = 3
PACKET_STORY = 0
SAMPLES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "png": ("Schermafbeelding 14-11.png", "image/png", samples.png),
    "jpeg": ("IMG_2107.jpg", "image/jpeg", samples.jpeg),
    "video": ("VID_20261114_2107.mp4", "video/mp4", partial(samples.video, container="mp4")),
    "whatsapp_zip": ("WhatsApp-chat met 2B.zip", "application/zip", samples.whatsapp_zip),
    "mail": ("bericht.eml", "message/rfc822", samples.mail),
    "pdf": ("brief.pdf", "application/pdf", samples.pdf),
}


def tell_stories(
    parts: Portal, made: DemoSchool, *, now: datetime
) -> tuple[str, StaffActor] | None:
    """Tell every story at a school; gives the case with most evidence and who handles it."""
    wanted = None
    for number, story in enumerate(STORIES):
        moment = now - timedelta(days=story.days_ago)
        with parts.session_factory() as session:
            case_id, code = _report(session, parts, made, story, number == STAFF_STORY, moment)
            made.codes.append(code)
            actor = _handler(session, made, case_id)
            _handle(session, parts, made, story, case_id, actor, code, moment)
            made.handles_first = made.handles_first or _login_of(made, actor)
            if number == PACKET_STORY:
                wanted = (case_id, actor)
    return wanted


def _report(
    session: Session,
    parts: Portal,
    made: DemoSchool,
    story: Story,
    about_staff: bool,  # noqa: FBT001 - one caller
    now: datetime,
) -> tuple[str, str]:
    report_id, data = drafts.begin(
        session, school=made.school, perspective=story.perspective, language="nl", now=now
    )
    live = sessions.begin(
        session,
        kind=sessions.DRAFT,
        school_id=made.school.id,
        data=data,
        now=now,
        report_id=report_id,
    )
    session.flush()
    for key, value in _answers(session, made, story, about_staff).items():
        asked = questions().question(key, story.perspective)
        drafts.save_answer(
            session,
            live=live,
            key=key,
            value=value,
            question=asked.text,
            version=asked.version,
            now=now,
        )
    _attach(session, parts, made, story, live, now)
    transaction.commit(session)
    draft = drafts.load(session, live=live)
    receipt = reports.submit(
        session,
        live=live,
        school=made.school,
        instance=parts.keys,
        token=data["token"],
        seen=drafts.route(session, draft=draft, school=made.school, now=now).digest,
        now=now,
    )
    transaction.commit(session)
    sessions.end(session, live)
    transaction.commit(session)
    found = session.scalar(select(Case.id).where(Case.label == receipt.label))
    return str(found), receipt.code


def _answers(
    session: Session,
    made: DemoSchool,
    story: Story,
    about_staff: bool,  # noqa: FBT001 - one caller
) -> dict[str, Any]:
    ids = {row.name: row.id for row in schools.classes_of(session, made.school.id)}
    accused = [made.people[made.pair.first_line["2A"]].actor.id] if about_staff else []
    answers: dict[str, Any] = {
        "story": story.text,
        "classes": {
            "subject": [ids[story.subject]],
            "accused": [ids[story.accused]] if story.accused else [],
            "other": ["staff"] if about_staff else [],
            "staff": accused,
        },
        "when": {"moment": "sinds een paar weken", "frequency": "often", "where": "op school"},
        "wishes": {"want": "Dat het stopt, zonder dat iedereen het weet."},
    }
    if story.online:
        answers["online"] = {"happened": "yes", "incidents": [dict(story.online)]}
    if story.name:
        answers["name"] = {"who": "handlers", "name": story.name}
    return answers


def _attach(
    session: Session,
    parts: Portal,
    made: DemoSchool,
    story: Story,
    live: sessions.SealedSession,
    now: datetime,
) -> None:
    sinks = []
    for key in story.files:
        name, kind, make = SAMPLES[key]
        sink = uploads.begin(
            session,
            live=live,
            school=made.school,
            store=parts.store,
            name=name,
            declared_type=kind,
            settings=parts.settings,
        )
        sink.write(make())
        sink.finish()
        sinks.append(sink)
    uploads.record(session, live=live, school=made.school, finished=sinks, now=now)


def _handler(session: Session, made: DemoSchool, case_id: str) -> StaffActor:
    case = session.get_one(Case, case_id)
    return next(one.actor for one in made.people.values() if one.actor.id == case.handler_id)


def _login_of(made: DemoSchool, actor: StaffActor) -> str:
    return next(one.login for one in made.people.values() if one.actor.id == actor.id)


def _handle(
    session: Session,
    parts: Portal,
    made: DemoSchool,
    story: Story,
    case_id: str,
    actor: StaffActor,
    code: str,
    now: datetime,
) -> None:
    later = now + timedelta(hours=3)
    if story.reply:
        cases.note_reading(session, actor=actor, case_id=case_id, now=later)
        report_id = cases.show(session, actor=actor, case_id=case_id, now=later).reports[0].id
        case_work.reply(
            session,
            actor=actor,
            case_id=case_id,
            report_id=report_id,
            text=story.reply,
            now=later,
        )
        transaction.commit(session)
    for _ in range(story.steps):
        _one_step(session, actor, case_id, later)
    if story.answer:
        report_id, data = reporter.enter(
            session, school=made.school, code=code, instance=parts.keys
        )
        live = sessions.begin(
            session, kind=sessions.REPORTER, school_id=made.school.id, data=data, now=later
        )
        reporter.send_message(session, live=live, text=story.answer, now=later + timedelta(hours=2))
        session.expunge(live.row)
        transaction.commit(session)


def _one_step(session: Session, actor: StaffActor, case_id: str, now: datetime) -> None:
    following = cases.show(session, actor=actor, case_id=case_id, now=now).next_action
    if following is None:
        return
    try:
        case_work.record_step(
            session,
            actor=actor,
            case_id=case_id,
            action_key=following.key,
            outcome="agreed" if following.kind == "gate" else "done",
            text="Gedaan, zie de afspraken.",
            now=now,
        )
    except InvalidInputError:
        # Something else has to be on record first: the story waits there, as a real one would.
        transaction.rollback(session)
        return
    transaction.commit(session)


def make_packet(
    parts: Portal, made: DemoSchool, case_id: str, actor: StaffActor, now: datetime
) -> Iterator[bytes]:
    """Make the packet of a case with all its evidence."""
    with parts.session_factory() as session:
        view = cases.show(session, actor=actor, case_id=case_id, now=now)
        wanted = packets.order(
            session,
            actor=actor,
            case_id=case_id,
            chosen=[item.id for item in view.evidence],
            now=now,
        )
        transaction.commit(session)
        pieces = packets.build(
            session,
            actor=actor,
            school=made.school,
            store=parts.store,
            keys=parts.keys,
            instance_dir=parts.settings.instance_dir,
            wanted=wanted,
            now=now,
        )
        transaction.commit(session)
    return pieces
