"""Talks: kept apart, held back where they must wait, naming only what a reporter lets them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal import data
from portal.demo.names import CLASSES
from portal.models import Case, Record
from portal.services import (
    case_work,
    clearing,
    protocols,
    reporter,
    sessions,
    talk_guards,
    talks,
    transaction,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.talks import Talk
from tests.services import world as told
from tests.services.world import NOW, World

DAY = NOW.date()
DETAIL = "Het gebeurde bij het gele hek"


def send(world: World, session: Session, **answers: Any) -> Case:
    told.report(world, session, told.answers(world, **answers))
    return session.scalars(select(Case)).one()


def who(world: World, session: Session) -> dict[str, Any]:
    return {"actor": world.actor(session, world.mentor_of("1A"))}


def at(world: World, session: Session, case: Case) -> dict[str, Any]:
    return {**who(world, session), "case_id": case.id, "now": NOW}


def talk(kind: str, **more: Any) -> Talk:
    given: dict[str, Any] = {"on": DAY, "present": "de leerling", "parts": {"literal": "‘Ja.’"}}
    return Talk(kind=kind, **{**given, **more})


def view(world: World, session: Session, case: Case) -> talks.TalksView:
    return talks.show(session, folder=world.settings.instance_dir, **at(world, session, case))


def talk_action(session: Session, case: Case) -> str:
    parts = protocols.of_case(session, case).parts(case.step_key)
    return next(i.key for p in parts for i in p.actions if i.kind == "talk_both")


def decide(world: World, session: Session, case: Case, do: str, text: str = "Gebeld.") -> None:
    talks.decide_hold(session, do=do, grounds=["sexual"], text=text, **at(world, session, case))


def test_what_was_said_seen_and_thought_stay_apart(world: World, session: Session) -> None:
    case = send(world, session)
    parts = {
        "literal": "‘Nee.’",
        "asked": "Ik: wat zag je?",
        "observed": "Rood",
        "interpreted": "?",
    }
    talks.record(session, talk=talk("subject", parts=parts), **at(world, session, case))
    found = view(world, session, case).talks[0]
    assert {key: found[key] for key in parts} == parts
    assert found["present"] == "de leerling"


def test_nothing_of_a_talk_can_be_read_in_the_database(world: World, session: Session) -> None:
    case = send(world, session)
    talks.record(
        session, talk=talk("subject", parts={"literal": "kanarie"}), **at(world, session, case)
    )
    transaction.commit(session)
    rows = session.scalars(select(Record)).all()
    assert any(row.kind == "talk" for row in rows)
    assert all(b"kanarie" not in row.ciphertext for row in rows)


def test_a_talk_fulfils_an_action_of_the_protocol_and_only_a_fitting_one(
    world: World, session: Session
) -> None:
    case = send(world, session)
    key = talk_action(session, case)
    with pytest.raises(InvalidInputError) as wrong:
        talks.record(session, talk=talk("parents", action=key), **at(world, session, case))
    assert wrong.value.field == "action"
    assert key in dict(view(world, session, case).actions)
    # this one is to talk with both: after a talk with one of them it is still open
    talks.record(session, talk=talk("accused", action=key), **at(world, session, case))
    assert key in dict(view(world, session, case).actions)
    talks.record(session, talk=talk("subject", action=key), **at(world, session, case))
    assert key not in dict(view(world, session, case).actions)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("on", {"on": DAY + timedelta(days=1)}),
    ("on", {"on": None}),
    ("present", {"present": " "}),
    ("literal", {"parts": {}}),
    ("return_on", {"kind": "class"}),
    ("return_on", {"kind": "class", "return_on": DAY}),
    ("with", {"kind": "nobody"}),
]


def test_a_talk_needs_a_day_people_and_words(world: World, session: Session) -> None:
    case = send(world, session)
    for field, wrong in WRONG:
        given = talk(**{"kind": "subject", **wrong})
        with pytest.raises(InvalidInputError) as refused:
            talks.record(session, talk=given, **at(world, session, case))
        assert refused.value.field == field, wrong
    assert view(world, session, case).talks == []


@pytest.mark.parametrize(
    ("answers", "ground"),
    [
        ({"forms": {"forms": ["weapons"]}}, "weapon"),
        ({"forms": {"forms": ["online_threats"]}}, "threat"),
        ({"safety": {"sexual": True}}, "sexual"),
    ],
)
def test_answers_propose_that_the_police_come_first(
    world: World, session: Session, answers: dict[str, Any], ground: str
) -> None:
    case = send(world, session, **answers)
    hold = view(world, session, case).hold
    assert (hold.state, hold.grounds) == ("proposed", (ground,))
    with pytest.raises(InvalidInputError) as refused:
        talks.record(session, talk=talk("accused"), **at(world, session, case))
    assert refused.value.problem == talk_guards.POLICE_FIRST
    talks.record(session, talk=talk("parents"), **at(world, session, case))
    talks.record(
        session, talk=talk("subject", on=DAY - timedelta(days=2)), **at(world, session, case)
    )


def test_a_hold_stops_the_step_until_contact_is_on_record(world: World, session: Session) -> None:
    case = send(world, session)
    key = talk_action(session, case)
    step = {"action_key": key, "text": ""}
    decide(world, session, case, "hold", "Er komt een aangifte.")
    with pytest.raises(InvalidInputError) as refused:
        case_work.record_step(session, outcome="done", **step, **at(world, session, case))
    assert refused.value.problem == talk_guards.POLICE_FIRST
    with pytest.raises(InvalidInputError):
        decide(world, session, case, "contacted", " ")
    decide(world, session, case, "contacted", "Wijkagent gesproken, gesprek mag.")
    case_work.record_step(session, outcome="done", **step, **at(world, session, case))
    said = view(world, session, case).hold.said
    assert [one["do"] for one in said] == ["hold", "contacted"]
    assert all(one["who"] and one["text"] for one in said)


def test_what_is_told_later_proposes_it_again(world: World, session: Session) -> None:
    case = send(world, session, forms={"forms": ["weapons"]})
    decide(world, session, case, "not_needed", "Een stok, geen wapen.")
    assert view(world, session, case).hold.state == "lifted"
    assert not view(world, session, case).hold.holds


def test_together_only_after_apart_and_a_free_yes(world: World, session: Session) -> None:
    case = send(world, session)
    here = at(world, session, case)

    def refusal() -> str:
        with pytest.raises(InvalidInputError) as refused:
            talks.record(session, talk=talk("joint"), **here)
        return refused.value.problem

    def wish(what: str, alternative: str = "") -> None:
        talks.note_wish(
            session, wish=what, supporters="Bo", alternative=alternative, text="‘Goed.’", **here
        )

    assert refusal() == talk_guards.NO_YES
    wish("yes")
    assert refusal() == talk_guards.NOT_APART
    talks.record(session, talk=talk("subject"), **here)
    assert refusal() == talk_guards.NOT_APART
    talks.record(session, talk=talk("accused"), **here)
    talks.record(session, talk=talk("joint"), **here)
    with pytest.raises(InvalidInputError):
        wish("ended")
    session.expire_all()
    talks.note_wish(
        session,
        wish="ended",
        supporters="",
        alternative="Apart verder",
        text="Wil niet meer",
        **{**here, "now": NOW + timedelta(minutes=1)},
    )
    assert refusal() == talk_guards.NO_YES


def test_a_yes_is_for_one_talk_and_not_for_ever(world: World, session: Session) -> None:
    case = send(world, session)
    here = at(world, session, case)
    given = {"wish": "yes", "supporters": "Bo", "alternative": "", "text": "‘Goed.’"}
    for kind in ("subject", "accused"):
        talks.record(session, talk=talk(kind), **here)

    def together(**more: Any) -> None:
        talks.record(session, talk=talk("joint", **more), **{**here, **more.pop("at", {})})

    talks.note_wish(session, **given, **here)
    together()
    assert view(world, session, case).wish.state == "used"
    with pytest.raises(InvalidInputError) as again:
        together()
    assert again.value.problem == talk_guards.YES_USED
    talks.note_wish(session, **given, **here)
    days = data.talk_guides().yes_days
    late = {**here, "now": NOW + timedelta(days=days + 1)}
    with pytest.raises(InvalidInputError) as old:
        talks.record(session, talk=talk("joint", on=DAY + timedelta(days=days + 1)), **late)
    assert old.value.problem == talk_guards.YES_OLD
    talks.record(session, talk=talk("joint", on=DAY + timedelta(days=days)), **late)


def test_only_a_tapped_yes_brings_a_detail_of_the_reporter_onto_the_sheet(
    world: World, session: Session
) -> None:
    live = told.begin(world, session, told.answers(world))
    receipt = told.send(world, session, live)
    case = session.scalars(select(Case)).one()
    here = at(world, session, case)
    report_id = str(live.data["report"])
    facts = [("Er is gescholden in de gang", "known"), (DETAIL, "only"), ("weg", "")]
    clearing.settle(session, report_id=report_id, facts=facts, **here)
    transaction.commit(session)

    def sheet() -> clearing.Sheet:
        return clearing.sheet_of(session, **who(world, session), case_id=case.id)

    assert [one.text for one in sheet().named] == ["Er is gescholden in de gang"]
    assert len(sheet().facts) == 2
    back = _come_back(world, session, receipt.code)
    question = reporter.view(session, live=back).open_questions[0]
    assert DETAIL in question.text
    for place, (chosen, named) in enumerate([(1, 1), (0, 2), (2, 1)]):
        reporter.answer_question(
            session,
            live=back,
            question_id=question.id,
            chosen=chosen,
            text="",
            now=NOW + timedelta(minutes=place + 1),
        )
        transaction.commit(session)
        assert len(sheet().named) == named


def test_the_details_lie_with_the_story_and_go_with_it(world: World, session: Session) -> None:
    case = send(world, session)
    here = at(world, session, case)
    report_id = session.scalars(select(Record.report_id).where(Record.kind == "report")).one()
    assert report_id is not None
    clearing.settle(session, report_id=report_id, facts=[(DETAIL, "known")], **here)
    assert len(clearing.sheet_of(session, **who(world, session), case_id=case.id).named) == 1
    session.execute(delete(Record).where(Record.report_id == report_id))
    kept = talks.show(session, folder=world.settings.instance_dir, **here)
    assert kept.sheet
    assert clearing.sheet_of(session, **who(world, session), case_id=case.id).facts == []


def test_a_detail_is_asked_about_once(world: World, session: Session) -> None:
    case = send(world, session)
    here = at(world, session, case)
    report_id = session.scalars(select(Record.report_id).where(Record.kind == "report")).one()
    for _ in range(2):
        clearing.settle(session, report_id=report_id, facts=[(DETAIL, "only")], **here)
    asked = session.scalars(select(Record).where(Record.kind == reporter.QUESTION)).all()
    assert len(asked) == 1


def test_nothing_too_much_or_too_long_is_refused(world: World, session: Session) -> None:
    case = send(world, session)
    report_id = session.scalars(select(Record.report_id).where(Record.kind == "report")).one()
    many = [(f"detail {n}", "only") for n in range(6)]
    for facts in ([], [("iets", "")], many, [("x" * 301, "known")]):
        with pytest.raises(InvalidInputError):
            clearing.settle(session, report_id=report_id, facts=facts, **at(world, session, case))


def test_a_school_replaces_a_guide_of_ours(world: World, session: Session) -> None:
    case = send(world, session)
    assert all(one.ours for one in view(world, session, case).guides)
    folder = world.settings.instance_dir / "talk_guides"
    folder.mkdir(parents=True)
    (folder / f"{world.school.slug}.toml").write_text(
        '[[guide]]\nwith = "class"\ntitle = "Onze kring"\naim = "a"\ndo = ["b"]\navoid = ["c"]\n'
        'after = "d"\nsource = "e"\nchecked_on = 2026-11-20\n'
    )
    guides = {one.kind: one for one in view(world, session, case).guides}
    assert (guides["class"].title, guides["class"].ours) == ("Onze kring", False)
    assert guides["subject"].ours
    (folder / f"{world.school.slug}.toml").write_text('[[guide]]\nwith = "class"\n')
    assert all(one.ours for one in view(world, session, case).guides)


def test_a_blaming_line_is_a_quotation_for_its_own_school_only() -> None:
    every = data.talk_guides()
    quoted = {
        key: [said.text for one in every.shown(key) for said in one.quotes]
        for key in ("oostpoort", "cals")
    }
    assert quoted["oostpoort"]
    assert quoted["cals"] == []
    advice = [line for one in every.every for line in (*one.do, *one.avoid, one.aim, one.after)]
    assert not any(text in line for text in quoted["oostpoort"] for line in advice)


def test_nobody_without_the_key_writes_a_talk(world: World, session: Session) -> None:
    case = send(world, session)
    other = world.actor(session, world.mentor_of(CLASSES[2][0]))
    with pytest.raises(NotFoundError):
        talks.record(session, actor=other, case_id=case.id, talk=talk("subject"), now=NOW)


def _come_back(world: World, session: Session, code: str) -> sessions.SealedSession:
    report_id, kept = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    live = sessions.begin(
        session,
        kind=sessions.REPORTER,
        school_id=world.school.id,
        data=kept,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    return live
