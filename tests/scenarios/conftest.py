"""One school per protocol on SQLite, and somebody who walks a case through it by its services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import make_session_factory
from portal.domain.deadlines import ZONE, local_date
from portal.domain.hard_rules import Measure
from portal.domain.progress import Progress, Task
from portal.models import Case, School
from portal.services import (
    case_keys,
    case_records,
    case_work,
    cases,
    closing,
    people,
    protocols,
    rerouting,
    sanctions,
    stands,
    talks,
    transaction,
)
from portal.services.case_views import CaseView, EntryView
from portal.services.staff import StaffActor
from tests.databases import migrated_engine
from tests.services import world as told
from tests.services.world import World, make_world

SPANS = """2026-12-19 2027-01-03 Kerstvakantie
2027-01-18 2027-01-22 Toetsweek
2027-02-20 2027-02-28 Voorjaarsvakantie
2027-04-24 2027-05-09 Meivakantie"""


def at(day: str, clock: str = "10:00") -> datetime:
    """A moment on the clock of the school."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class Walk:
    """A case that is walked through its protocol."""

    world: World
    session: Session
    moment: datetime
    actor: StaffActor
    case_id: str = ""

    @property
    def case(self) -> Case:
        return self.session.get_one(Case, self.case_id)

    def be(self, role: str) -> StaffActor:
        """Go on as somebody who holds a role and reads the case."""
        readers = {
            one.staff_id for one in case_keys.readers_of(self.session, self.case, live_only=True)
        }
        code = next(code for code in self.world.with_role(role) if self.world.ids[code] in readers)
        self.actor = self.world.actor(self.session, code)
        return self.actor

    def do(self, key: str, outcome: str = "done", text: str = "Gedaan.", **more: Any) -> None:
        """Record what became of something, a second after what came before."""
        self.moment += timedelta(seconds=1)
        case_work.record_step(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            action_key=key,
            outcome=outcome,
            text=text,
            now=self.moment,
            **more,
        )
        transaction.commit(self.session)

    def refused(self, key: str, outcome: str = "done", text: str = "Gedaan.", **more: Any) -> str:
        """Try to record something that the protocol does not let through, and say why."""
        with pytest.raises(case_work.InvalidInputError) as caught:
            self.do(key, outcome, text, **more)
        transaction.rollback(self.session)
        return caught.value.problem

    def hears_yes(self) -> None:
        """Write down that the pupil it is about freely wants a talk together."""
        talks.note_wish(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            wish="yes",
            supporters="een klasgenoot",
            alternative="",
            text="‘Dat wil ik wel.’",
            now=self.moment,
        )
        transaction.commit(self.session)

    def move(self, step: str, reason: str) -> None:
        """Go on to another step."""
        case_work.move_to_step(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            step_key=step,
            reason=reason,
            now=self.moment,
        )
        transaction.commit(self.session)

    def learn(self, reason: str, *, accept: bool = True, to: str = "", **facts: Any) -> None:
        """Write down facts that came in, and go where they lead."""
        rerouting.settle(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            learned=facts,
            accept=accept,
            reason=reason,
            now=self.moment,
            to_staff_id=self.world.ids[to] if to else "",
        )
        transaction.commit(self.session)

    def proposal(self, **facts: Any) -> Any:
        """Where facts would lead."""
        return rerouting.proposal(
            self.session, actor=self.actor, case_id=self.case_id, learned=facts
        )

    def stand(self) -> Progress:
        """How the case stands in its step."""
        case, opened = case_records.open_for(self.session, actor=self.actor, case_id=self.case_id)
        protocol = protocols.of_case(self.session, case)
        steps = case_keys.facts_of(self.session, opened, case_work.STEP)
        known = people.persons_of(self.session, opened)
        return stands.progress_of(self.session, case, opened, protocol, steps, self.moment, known)

    def task(self, key: str) -> Task:
        """One thing of the step."""
        return next(one for one in self.stand().tasks if one.key == key)

    def next(self) -> str:
        """What comes next."""
        following = self.stand().next
        return following.key if following else ""

    def due(self, key: str) -> date | None:
        """When something is due."""
        return self.task(key).due

    def close(self, reason: str, *, talk: str = "") -> None:
        """Close the case, with aftercare on record or a talk of today."""
        day = local_date(self.moment) if talk else None
        ending = closing.Ending(closing.RESOLVED, reason, talk_on=day, talk=talk)
        closing.close(
            self.session, actor=self.actor, case_id=self.case_id, ending=ending, now=self.moment
        )
        transaction.commit(self.session)

    def talk(self, kind: str, *, action: str = "") -> None:
        """Write a talk down."""
        talks.record(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            talk=talks.Talk(
                kind=kind,
                on=local_date(self.moment),
                present="de leerling",
                parts={"literal": "‘Zo ging het.’"},
                action=action,
            ),
            now=self.moment,
        )
        transaction.commit(self.session)

    def prepare(self, what: str, text: str, *, role: str = "", days_ago: int = 0) -> None:
        """Write down what comes before a measure."""
        sanctions.prepare(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            what=what,
            role=role,
            on=local_date(self.moment) - timedelta(days_ago),
            text=text,
            now=self.moment,
        )
        transaction.commit(self.session)

    def measure(self, kind: str, *, days: int = 1) -> None:
        """Record a measure from tomorrow, with all its papers."""
        tomorrow = local_date(self.moment) + timedelta(1)
        end = tomorrow + timedelta(days - 1)
        sanctions.take(
            self.session,
            actor=self.actor,
            case_id=self.case_id,
            measure=Measure(
                kind=kind,
                first=tomorrow,
                last=end,
                reason="Rust.",
                in_writing=True,
                return_talk=end + timedelta(1),
            ),
            form="other",
            text="Rust voor iedereen.",
            now=self.moment,
        )
        transaction.commit(self.session)

    def no_measure(self, kind: str) -> str:
        """Try to record a measure, and say what stands in the way."""
        with pytest.raises(case_work.InvalidInputError) as caught:
            self.measure(kind)
        transaction.rollback(self.session)
        return caught.value.problem

    def not_closed(self, reason: str, *, talk: str = "") -> str:
        """Try to close the case, and say what stands in the way."""
        with pytest.raises(case_work.InvalidInputError) as caught:
            self.close(reason, talk=talk)
        transaction.rollback(self.session)
        return caught.value.problem

    def view(self) -> CaseView:
        """The case as its page shows it."""
        return cases.show(self.session, actor=self.actor, case_id=self.case_id, now=self.moment)

    def lines(self, kind: str) -> list[EntryView]:
        """Its timeline, of one kind."""
        return [one for one in told.entries(self.view()) if one.kind == kind]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Give a session on a fresh SQLite database."""
    engine = migrated_engine(tmp_path)
    with make_session_factory(engine)() as made:
        yield made
    engine.dispose()


@pytest.fixture
def report(session: Session, tmp_path: Path) -> Callable[..., Walk]:
    """Give a function that opens the school of a protocol and sends it a report."""

    def send(protocol: str, handler_role: str = "", **answers: Any) -> Walk:
        factory = make_session_factory(session.get_bind())
        world = make_world(factory, tmp_path / "instance", protocol=protocol)
        school = session.scalars(select(School)).one()
        school.holidays = SPANS
        transaction.commit(session)
        given = told.answers(world, **answers)
        told.report(world, session, given)
        case = session.scalars(select(Case)).one()
        actor = world.actor(session, world.code_of(case.handler_id))
        walk = Walk(world, session, told.NOW, actor, case.id)
        assert not handler_role or case.role_key == handler_role
        return walk

    return send
