"""What is done with a whole group: about whom, past which gates, and the day to come back to it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from portal.models import Case
from portal.services import (
    calendar_feed,
    case_work,
    cases,
    groups,
    people_work,
    talks,
    tasks,
    transaction,
)
from portal.services.errors import InvalidInputError
from portal.services.groups import GroupAction
from portal.services.people_work import PersonForm
from portal.services.staff import StaffActor
from portal.services.talks import Talk
from tests.services import world as told
from tests.services.world import NOW, World, make_world

TODAY, LATER = NOW.date(), NOW.date() + timedelta(days=14)
GATE = "overleg-gepeste-stap-1"
WHAT = "De klas maakte zelf regels."


@pytest.fixture
def school(factory: sessionmaker[Session], tmp_path: Path) -> World:
    return make_world(factory, tmp_path, protocol="borgen")


@pytest.fixture
def here(school: World, session: Session) -> dict[str, Any]:
    told.report(school, session, told.answers(school))
    found = session.scalars(select(Case)).one()
    return {"actor": mentor(school, session), "case_id": found.id, "now": NOW}


def mentor(school: World, session: Session) -> StaffActor:
    return school.actor(session, school.mentor_of("1A"))


def pupil(session: Session, here: dict[str, Any], name: str, part: str = "subject") -> str:
    key = people_work.add(session, form=PersonForm(name=name, part=part), **here)
    transaction.commit(session)
    return key


def act(*about: str, **more: Any) -> GroupAction:
    given = {"form": "approach", "group": "1A", "on": TODAY, "text": WHAT, "return_on": LATER}
    return GroupAction(about=about, **{**given, **more})


def test_a_gate_of_one_pupil_holds_back_only_what_is_about_that_pupil(
    session: Session, here: dict[str, Any]
) -> None:
    luna, sam = pupil(session, here, "Luna Kuil"), pupil(session, here, "Sam Duin")
    case_work.record_step(
        session, action_key=GATE, outcome="agreed", text="Luna zei ja.", person=luna, **here
    )
    transaction.commit(session)
    lacking = {one.name: one.lacking for one in groups.show(session, **here).concerned}
    assert lacking["Luna Kuil"] == ()
    assert "borgen.txt" in lacking["Sam Duin"][0]
    with pytest.raises(InvalidInputError) as held:
        groups.record(session, given=act(luna, sam), **here)
    assert held.value.field == "about"
    assert "Sam Duin" in held.value.problem
    transaction.rollback(session)
    groups.record(session, given=act(luna), **here)
    transaction.commit(session)
    (done,) = groups.show(session, **here).done
    assert (done["group"], done["names"], done["text"]) == ("1A", ["Luna Kuil"], WHAT)


def test_coming_back_to_it_is_on_the_desk_and_in_the_calendar_on_its_day(
    school: World, session: Session, here: dict[str, Any]
) -> None:
    groups.record(session, given=act(), **here)
    transaction.commit(session)
    actor = mentor(school, session)
    assert tasks.due_for(session, actor=actor, until=LATER - timedelta(days=1)) == []
    assert [one.kind for one in tasks.due_for(session, actor=actor, until=LATER)] == ["return"]
    token = calendar_feed.renew(session, actor=actor)
    feed = calendar_feed.feed(session, school=school.school, token=token, now=NOW).decode()
    assert f"{LATER:%Y%m%d}" in feed
    assert "Portaal: afspraak" in feed
    assert WHAT not in feed
    view = cases.show(session, **here)
    line = next(one for one in view.entries if one.kind == "group_action")
    assert (line.text, line.detail["group"]) == (WHAT, "1A")


def test_a_talk_with_the_class_says_about_whom_it_is_and_comes_back(
    session: Session, here: dict[str, Any]
) -> None:
    luna = pupil(session, here, "Luna Kuil")
    plain: dict[str, Any] = {
        "kind": "class",
        "on": TODAY,
        "present": "1A",
        "parts": {"literal": "‘We doen het anders.’"},
        "return_on": LATER,
        "group": "1A",
    }
    for wrong, field in (({}, "about"), ({"about": (luna,)}, "about"), ({"group": " "}, "group")):
        with pytest.raises(InvalidInputError) as refused:
            talks.record(session, talk=Talk(**{**plain, **wrong}), **here)
        assert refused.value.field == field
        transaction.rollback(session)
    case_work.record_step(
        session, action_key=GATE, outcome="agreed", text="Ja.", person=luna, **here
    )
    talks.record(session, talk=Talk(**{**plain, "about": (luna,)}), **here)
    transaction.commit(session)
    (done,) = groups.show(session, **here).done
    assert (done["form"], done["names"]) == ("talk", ["Luna Kuil"])
    due = tasks.due_for(session, actor=here["actor"], until=LATER)
    assert [(one.kind, one.due_on) for one in due] == [("return", LATER)]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"form": "talk"}, "form"),
        ({"on": None}, "on"),
        ({"on": LATER}, "on"),
        ({"return_on": None}, "return_on"),
        ({"return_on": TODAY}, "return_on"),
        ({"group": ""}, "group"),
        ({"text": " "}, "text"),
        ({"about": ("x" * 26,)}, "about"),
        ({"action": "gesprek-pester"}, "action"),
    ],
)
def test_it_says_what_with_whom_and_when(
    session: Session, here: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    given = {"form": "approach", "group": "1A", "about": (), "on": TODAY}
    given |= {"text": WHAT, "return_on": LATER, "action": ""}
    with pytest.raises(InvalidInputError) as refused:
        groups.record(session, given=GroupAction(**{**given, **more}), **here)
    assert refused.value.field == field


def test_an_action_of_the_protocol_for_the_group_is_done_by_it(
    session: Session, here: dict[str, Any]
) -> None:
    assert "middengroep" in dict(groups.show(session, **here).actions)
    with pytest.raises(InvalidInputError):
        groups.record(session, given=act(action="middengroep"), **here)
    transaction.rollback(session)
    case_work.record_step(session, action_key=GATE, outcome="agreed", text="Ja.", **here)
    groups.record(session, given=act(action="middengroep"), **here)
    transaction.commit(session)
    assert "middengroep" not in dict(groups.show(session, **here).actions)
