"""The reporter comes back with a code: in any spelling, to the own report, and to nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import ReaderChange
from portal.models import Case, CustodyEvent, OutboxMail, Report, ReporterCode
from portal.services import (
    case_records,
    case_work,
    cases,
    codes,
    derivation,
    reporter,
    sessions,
    transaction,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.reports import Receipt
from portal.services.sessions import SealedSession
from tests.services import world as told
from tests.services.world import NOW, World


@pytest.fixture
def receipt(world: World, session: Session) -> Receipt:
    return told.report(world, session, told.answers(world))


def enter(world: World, session: Session, code: str) -> SealedSession:
    """Come back in a browser."""
    report_id, data = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    live = sessions.begin(
        session,
        kind=sessions.REPORTER,
        school_id=world.school.id,
        data=data,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    return live


def spellings(code: str) -> list[str]:
    groups = codes.display(code)
    similar = code.replace("0", "O").replace("1", "l")
    return [
        code,
        code.lower(),
        " ".join(groups),
        "-".join(groups),
        " – ".join(groups),
        f"\n {'  '.join(groups).lower()}\t",
        similar,
        similar.replace("l", "I").lower(),
        ".".join(code),
    ]


def test_the_right_code_opens_in_any_spelling(world: World, session: Session) -> None:
    codes_told = [told.report(world, session, told.answers(world)).code for _ in range(3)]
    for code in codes_told:
        for spelling in spellings(code):
            live = enter(world, session, spelling)
            seen = reporter.view(session, live=live)
            assert seen.answers["story"]["value"] == told.STORY
            assert seen.sent_at is not None


def wrong_codes(code: str) -> list[str]:
    other = next(letter for letter in codes.ALPHABET if letter != code[0])
    return [
        "",
        "  ",
        code[:8],
        code[:15],
        code + "A",
        other + code[1:],
        "U" * 16,
        "é" * 16,
        "0" * 15,
    ]


def test_what_is_no_code_is_refused(world: World, session: Session, receipt: Receipt) -> None:
    for code in wrong_codes(receipt.code):
        with pytest.raises(InvalidInputError) as caught:
            reporter.enter(session, school=world.school, code=code, instance=world.keys)
        assert caught.value.field == "code"


def test_a_code_that_opens_nothing_costs_as_much_as_one_that_does(
    world: World, session: Session, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[derivation.Parameters] = []
    real = derivation.derive_identity

    def counted(secret: str, parameters: derivation.Parameters) -> object:
        spent.append(parameters)
        return real(secret, parameters)

    monkeypatch.setattr(derivation, "derive_identity", counted)
    enter(world, session, receipt.code)
    for _ in range(3):
        with pytest.raises(NotFoundError):
            enter(world, session, codes.mint())
    costs = {(one.iterations, one.memory_kib) for one in spent}
    assert (len(spent), len(costs)) == (4, 1)


def test_two_codes_that_share_the_look_up_open_their_own_report(
    world: World, session: Session, receipt: Receipt
) -> None:
    """Thirty-two bits may be the same for two codes; the derived key decides."""
    other = told.report(world, session, told.answers(world, story="iets anders"))
    session.execute(update(ReporterCode).values(lookup=world.keys.code_lookup(receipt.code)))
    session.commit()
    seen = reporter.view(session, live=enter(world, session, receipt.code))
    assert seen.answers["story"]["value"] == told.STORY
    with pytest.raises(NotFoundError):
        enter(world, session, other.code)


def test_a_code_of_another_school_opens_nothing_here(
    world: World, session: Session, receipt: Receipt, tmp_path: Path
) -> None:
    other = told.make_world(world.factory, tmp_path / "other", protocol="borgen")
    with pytest.raises(NotFoundError):
        enter(other, session, receipt.code)
    live = enter(world, session, receipt.code)
    assert sessions.resume(session, cookie=live.cookie, school_id=other.school.id, now=NOW) is None


def test_a_retired_code_opens_nothing(world: World, session: Session, receipt: Receipt) -> None:
    codes.retire(session.scalars(select(ReporterCode)).one(), NOW)
    transaction.commit(session)
    with pytest.raises(NotFoundError):
        enter(world, session, receipt.code)


def test_a_session_of_one_report_does_not_open_another(
    world: World, session: Session, receipt: Receipt
) -> None:
    """Even when somebody could change which report a session names."""
    mine = enter(world, session, receipt.code)
    other = told.report(world, session, told.answers(world, story="van een ander"))
    report_id, _ = reporter.enter(
        session, school=world.school, code=other.code, instance=world.keys
    )
    mine.data["report"] = report_id
    seen = reporter.view(session, live=mine)
    assert "van een ander" not in str(seen)


def the_case(session: Session) -> Case:
    return session.scalars(select(Case)).one()


def test_both_sides_of_a_conversation(world: World, session: Session, receipt: Receipt) -> None:
    live = enter(world, session, receipt.code)
    mentor = world.actor(session, world.mentor_of("1A"))
    case = the_case(session)
    report_id = session.scalars(select(Report.id)).one()
    assert reporter.view(session, live=live).status == "received"
    case_work.reply(
        session,
        actor=mentor,
        case_id=case.id,
        report_id=report_id,
        text="Hoi, ik lees het.",
        now=NOW,
    )
    transaction.commit(session)
    later = told.NOW.replace(hour=11)
    reporter.send_message(session, live=live, text="  Fijn 🙏  ", now=later)
    transaction.commit(session)
    seen = reporter.view(session, live=live)
    assert [(item.text, item.from_staff) for item in seen.messages] == [
        ("Hoi, ik lees het.", True),
        ("Fijn 🙏", False),
    ]
    assert (seen.status, seen.messages[0].who) == ("talking", mentor.name)
    shown = cases.show(session, actor=mentor, case_id=case.id, now=later).reports[0]
    assert [item.text for item in shown.messages] == ["Hoi, ik lees het.", "Fijn 🙏"]
    mails = session.scalars(select(OutboxMail).where(OutboxMail.template == "reply")).all()
    assert [mail.staff_id for mail in mails] == [mentor.id]


@pytest.mark.parametrize(("text", "problem"), [(" \n", "empty"), ("x" * 50_001, "too_long")])
def test_a_message_that_cannot_be_sent_says_why(
    world: World, session: Session, receipt: Receipt, text: str, problem: str
) -> None:
    live = enter(world, session, receipt.code)
    with pytest.raises(InvalidInputError) as caught:
        reporter.send_message(session, live=live, text=text, now=NOW)
    assert caught.value.problem == problem


def test_a_file_added_after_coming_back(
    world: World, session: Session, receipt: Receipt, plain_inspection: None
) -> None:
    live = enter(world, session, receipt.code)
    told.upload(world, session, live, ("later.txt", b"later gevonden"))
    assert [item.name for item in reporter.view(session, live=live).files] == ["later.txt"]
    mentor = world.actor(session, world.mentor_of("1A"))
    case = the_case(session)
    (item,) = cases.show(session, actor=mentor, case_id=case.id, now=NOW).evidence
    found = cases.evidence.find(session, actor=mentor, case_id=case.id, evidence_id=item.id)
    assert b"".join(cases.evidence.stream(world.store, found)) == b"later gevonden"
    session.expire_all()
    assert the_case(session).waiting_for_staff
    event = session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == "evidence:taken_in")
    ).one()
    assert event.case_id == case.id
    with pytest.raises(NotFoundError):
        told.uploading.remove(session, live=live, store=world.store, file_id=item.id)


def test_conversations_of_two_reports_in_one_case_never_mix(world: World, session: Session) -> None:
    """Linking is a later matter; here a second report is put into the case by hand."""
    receipts = [
        told.report(world, session, told.answers(world, story=f"verhaal {number}"))
        for number in range(2)
    ]
    first, second = (
        session.scalars(select(Case).where(Case.label == one.label)).one() for one in receipts
    )
    mentor = world.actor(session, world.mentor_of("1A"))
    moved = session.scalars(select(Report).where(Report.case_id == second.id)).one()
    join(world, session, mentor, moved, first, second)
    lives = [enter(world, session, one.code) for one in receipts]
    reports = [str(live.data["report"]) for live in lives]
    for number, (live, report_id) in enumerate(zip(lives, reports, strict=True)):
        reporter.send_message(session, live=live, text=f"van {number}", now=NOW)
        transaction.commit(session)
        case_work.reply(
            session,
            actor=mentor,
            case_id=first.id,
            report_id=report_id,
            text=f"aan {number}",
            now=NOW.replace(hour=12),
        )
        transaction.commit(session)
    for number, live in enumerate(lives):
        seen = reporter.view(session, live=live)
        assert [item.text for item in seen.messages] == [f"van {number}", f"aan {number}"]
        assert seen.answers["story"]["value"] == f"verhaal {number}"
    shown = cases.show(session, actor=mentor, case_id=first.id, now=NOW)
    texts = {item.id: [one.text for one in item.messages] for item in shown.reports}
    assert texts == {item: [f"van {n}", f"aan {n}"] for n, item in enumerate(reports)}


def join(world: World, session: Session, actor, moved: Report, first: Case, second: Case) -> None:
    """Seal the compartments of a report to another case that the same person reads."""
    _, old = case_records.open_for(session, actor=actor, case_id=second.id)
    _, new = case_records.open_for(session, actor=actor, case_id=first.id)
    items = old.reports[moved.id]
    cases.case_keys.attach_report(session, case_key=new.current, opened=items)
    moved.case_id = first.id
    transaction.commit(session)


def test_after_a_reader_left_the_conversation_goes_on(
    world: World, session: Session, receipt: Receipt
) -> None:
    mentor = world.actor(session, world.mentor_of("1A"))
    case, opened = case_records.open_for(session, actor=mentor, case_id=the_case(session).id)
    gone = next(one.staff_id for one in receipt.readers if one.part == "substitute")
    cases.case_keys.remove_reader(
        session,
        case=case,
        case_keys=opened,
        staff_id=gone,
        actor=mentor.custody,
        why=ReaderChange.LET_IN,
        now=NOW,
    )
    transaction.commit(session)
    live = enter(world, session, receipt.code)
    reporter.send_message(session, live=live, text="na de wissel", now=NOW)
    transaction.commit(session)
    assert [item.text for item in reporter.view(session, live=live).messages] == ["na de wissel"]
    shown = cases.show(session, actor=mentor, case_id=case.id, now=NOW).reports[0]
    assert [item.text for item in shown.messages] == ["na de wissel"]
    assert gone not in {one.staff_id for one in reporter.view(session, live=live).readers}
