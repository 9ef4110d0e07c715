"""What a copy of everything on disk opens: nothing. What the right people open: all of it."""

from __future__ import annotations

from itertools import combinations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.domain.custody_kinds import ReaderChange
from portal.models import Case, Compartment, Record, Report, ReporterCode, StaffMember, Wrap
from portal.services import (
    case_keys,
    case_records,
    case_work,
    cases,
    codes,
    handing,
    keys,
    reporter,
    sessions,
    transaction,
)
from portal.services.reports import Receipt
from tests.services import opening
from tests.services import world as told
from tests.services.world import NOW, World

NAME, CONTACT = "Wolkje Zonderling", "wolkje@mail.example"
FILE = ("gym.txt", b"uitgelachen na de gymles " * 400)


def named(who: str, **more: str) -> dict[str, str]:
    return {"who": who, "name": NAME, "contact": CONTACT, **more}


@pytest.fixture
def receipt(world: World, session: Session, plain_inspection: None) -> Receipt:
    """Give a sent report with a file and a name, an answer, a note, and a draft beside it."""
    told.begin(world, session, told.answers(world))
    receipt = told.report(world, session, told.answers(world, name=named("handlers")), FILE)
    mentor = world.actor(session, world.mentor_of("1A"))
    case, opened = case_records.open_for(session, actor=mentor, case_id=only_case(session).id)
    report_id = next(iter(opened.reports))
    case_work.write_note(session, actor=mentor, case_id=case.id, text="eerste notitie", now=NOW)
    case_work.reply(
        session, actor=mentor, case_id=case.id, report_id=report_id, text="dag, ik las het", now=NOW
    )
    transaction.commit(session)
    return receipt


def only_case(session: Session) -> Case:
    return session.scalars(select(Case)).one()


def evidence_folder(world: World):
    return world.settings.instance_dir / "evidence"


def test_a_copy_of_everything_on_disk_opens_nothing(
    world: World, session: Session, receipt: Receipt
) -> None:
    found = opening.material(session, evidence_folder(world), world.keys.secret)
    sealed = opening.ciphertexts(session, evidence_folder(world))
    assert len(found) > 100
    assert len(sealed) > 30
    assert [data for data in sealed if opening.opens(data, found)] == []
    for value in [*opening.all_values(session), world.keys.secret]:
        for cookie in (value, value[:32]):
            assert (
                sessions.resume(session, cookie=cookie, school_id=world.school.id, now=NOW) is None
            )
    # The same attacker gets in with what is not on the disk.
    mentor = world.identities[world.mentor_of("1A")]
    assert any(opening.opens(data, [mentor]) for data in sealed)


@pytest.mark.parametrize("pair", list(combinations(range(3), 2)))
def test_two_recovery_holders_open_everything_with_decrypt_alone(
    world: World, session: Session, receipt: Receipt, pair: tuple[int, int]
) -> None:
    two = [world.recovery[number] for number in pair]
    found = opening.with_pair(session, two)
    drafts = select(Compartment.id).join(Report, Report.id == Compartment.report_id)
    of_draft = set(session.scalars(drafts.where(Report.status == "draft")))
    assert set(opening.unopened(session, found)) == of_draft
    text = b"".join(opening.everything(session, evidence_folder(world), found))
    for part in (
        told.STORY.encode(),
        NAME.encode(),
        b"eerste notitie",
        b"dag, ik las het",
        FILE[1],
    ):
        assert part in text


def test_one_recovery_holder_opens_nothing(
    world: World, session: Session, receipt: Receipt
) -> None:
    sealed = opening.ciphertexts(session, evidence_folder(world))
    outer = 0
    for alone in world.recovery:
        inner = [opening.decrypt(data, [alone]) for data in sealed if opening.opens(data, [alone])]
        outer += len(inner)
        assert all(data.startswith(opening.AGE) for data in inner)
        assert not any(opening.opens(data, [alone]) for data in inner)
    pairs = session.scalars(select(Wrap).where(Wrap.holder_kind == "pair")).all()
    assert outer == len(pairs) > 0


def by_code(world: World, session: Session, receipt: Receipt) -> dict[str, Identity]:
    row, identity = codes.find(
        session, school_id=world.school.id, code=receipt.code, keys=world.keys
    )
    wraps = session.scalars(select(Wrap).where(Wrap.holder_id == row.id))
    return {
        wrap.compartment_id: Identity.parse(opening.body(wrap.sealed, identity)["identity"])
        for wrap in wraps
    }


def kinds_of(session: Session, found: dict[str, Identity]) -> set[str]:
    return {session.get_one(Compartment, item).kind for item in found}


def test_the_code_opens_story_and_name_and_never_the_evidence(
    world: World, session: Session, receipt: Receipt
) -> None:
    found = by_code(world, session, receipt)
    assert kinds_of(session, found) == {"story", "identity"}
    text = b"".join(opening.everything(session, evidence_folder(world), found))
    assert told.STORY.encode() in text
    assert FILE[1] not in text


def test_the_case_key_never_opens_the_name(
    world: World, session: Session, receipt: Receipt
) -> None:
    for actor in (world.mentor_of("1A"),):
        mine = world.identities[actor]
        found = {
            wrap.compartment_id: Identity.parse(opening.body(wrap.sealed, mine)["identity"])
            for wrap in session.scalars(select(Wrap).where(Wrap.holder_id == world.ids[actor]))
            if session.get_one(Compartment, wrap.compartment_id).kind == "case"
        }
        found = opening.with_cases(session, found)
    assert kinds_of(session, found) == {"case", "story", "evidence"}
    text = b"".join(opening.everything(session, evidence_folder(world), found))
    assert told.STORY.encode() in text
    assert NAME.encode() not in text
    assert CONTACT.encode() not in text


def name_holders(session: Session) -> set[str]:
    """List the staff whose own wraps open the name."""
    query = (
        select(Wrap.holder_id)
        .join(Compartment, Compartment.id == Wrap.compartment_id)
        .where(Compartment.kind == "identity", Wrap.holder_kind == "staff")
    )
    return set(session.scalars(query))


@pytest.mark.parametrize(
    "choice",
    [named("nobody"), {"who": "nobody"}, {"unknown": True}, {"name": NAME, "contact": CONTACT}],
    ids=str,
)
def test_a_name_for_nobody_exists_nowhere(
    world: World, session: Session, choice: dict[str, object]
) -> None:
    receipt = told.report(world, session, told.answers(world, name=choice))
    found = opening.with_pair(session, world.recovery)
    found |= by_code(world, session, receipt)
    assert opening.unopened(session, found) in ([], identity_compartment(session))
    text = b"".join(opening.everything(session, evidence_folder(world), found))
    assert told.STORY.encode() in text
    assert NAME.encode() not in text
    assert CONTACT.encode() not in text
    assert name_holders(session) == set()


def identity_compartment(session: Session) -> list[str]:
    return list(session.scalars(select(Compartment.id).where(Compartment.kind == "identity")))


@pytest.mark.parametrize("who", ["handlers", "role"])
def test_a_name_is_for_the_persons_chosen_only(world: World, session: Session, who: str) -> None:
    wanted = world.school.protocol_key == "cals" and "leerlingcoordinator"
    choice = named("role", role=wanted) if who == "role" else named("handlers")
    receipt = told.report(world, session, told.answers(world, name=choice))
    readers = {one.staff_id: one for one in receipt.readers}
    held = {item: world.actor(session, world.code_of(item)).role_keys for item in readers}
    chosen = {item for item in readers if who == "handlers" or wanted in held[item]}
    if who == "handlers":
        chosen = {item for item, one in readers.items() if one.part != "also"}
    assert chosen
    assert name_holders(session) == chosen
    case_id = only_case(session).id
    for staff_id in readers:
        actor = world.actor(session, world.code_of(staff_id))
        shown = cases.show(session, actor=actor, case_id=case_id, now=NOW).reports[0]
        assert (shown.identity is not None) is (staff_id in chosen)
        if shown.identity is not None:
            assert (shown.identity["name"], shown.identity["contact"]) == (NAME, CONTACT)
        assert NAME not in str(shown.answers)


def test_who_takes_a_case_over_does_not_get_a_name_meant_for_another_role(
    world: World, session: Session
) -> None:
    choice = named("role", role="mentor")
    receipt = told.report(world, session, told.answers(world, name=choice))
    before = name_holders(session)
    readers = {one.staff_id for one in receipt.readers}
    outside = [item for item in world.ids.values() if item not in readers]
    newcomer = next(item for item in outside if told.role_of(session, item) != "mentor")
    mentor = world.actor(session, world.mentor_of("1A"))
    case_id = only_case(session).id
    hand_over(session, mentor, case_id, newcomer)
    assert name_holders(session) == before
    actor = world.actor(session, world.code_of(newcomer))
    shown = cases.show(session, actor=actor, case_id=case_id, now=NOW)
    assert shown.reports[0].answers["story"]["value"] == told.STORY
    assert shown.reports[0].identity is None


def test_who_takes_a_case_over_gets_a_name_meant_for_who_handles(
    world: World, session: Session
) -> None:
    receipt = told.report(world, session, told.answers(world, name=named("handlers")))
    before = name_holders(session)
    readers = {one.staff_id for one in receipt.readers}
    newcomer = next(item for item in world.ids.values() if item not in readers)
    mentor = world.actor(session, world.mentor_of("1A"))
    case_id = only_case(session).id
    hand_over(session, mentor, case_id, newcomer)
    assert name_holders(session) == {*before, newcomer}
    actor = world.actor(session, world.code_of(newcomer))
    shown = cases.show(session, actor=actor, case_id=case_id, now=NOW).reports[0]
    assert shown.identity is not None
    assert shown.identity["name"] == NAME


def hand_over(session: Session, actor, case_id: str, to: str, *, keep: bool = True) -> None:
    handing.hand_over(
        session,
        actor=actor,
        case_id=case_id,
        to_staff_id=to,
        role_key=told.role_of(session, to),
        reason="andere rol",
        keep_reading=keep,
        now=NOW,
    )
    transaction.commit(session)


def test_who_no_longer_reads_loses_the_name_too(world: World, session: Session) -> None:
    receipt = told.report(world, session, told.answers(world, name=named("handlers")))
    gone = next(one.staff_id for one in receipt.readers if one.part == "overseer")
    mentor = world.actor(session, world.mentor_of("1A"))
    case, opened = case_records.open_for(session, actor=mentor, case_id=only_case(session).id)
    assert gone in name_holders(session)
    case_keys.remove_reader(
        session,
        case=case,
        case_keys=opened,
        staff_id=gone,
        actor=mentor.custody,
        why=ReaderChange.LET_IN,
        now=NOW,
    )
    transaction.commit(session)
    assert gone not in name_holders(session)


def test_nothing_of_the_draft_stays_after_sending(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world, name=named("handlers")))
    compartment = session.scalars(select(Compartment).where(Compartment.kind == "draft")).one()
    secret = live.data["keys"][compartment.id]
    told.send(world, session, live)
    session.expire_all()
    assert session.scalars(select(Compartment).where(Compartment.kind == "draft")).all() == []
    assert session.scalars(select(Record).where(Record.kind == "draft")).all() == []
    assert told.resume(world, session, live).data["keys"] == {}
    draft_key = Identity.parse(secret)
    sealed = opening.ciphertexts(session, evidence_folder(world))
    assert not any(opening.opens(data, [draft_key]) for data in sealed)


def test_the_sealed_compartment_is_for_recovery_only(
    world: World, session: Session, receipt: Receipt
) -> None:
    sealed = session.scalars(
        select(Compartment)
        .join(Report, Report.id == Compartment.report_id)
        .where(Compartment.kind == keys.SEALED, Report.status == "sent")
    ).one()
    wraps = session.scalars(select(Wrap).where(Wrap.compartment_id == sealed.id))
    assert {wrap.holder_kind for wrap in wraps} == {"pair"}


def test_a_new_reader_reads_what_was_and_what_comes(
    world: World, session: Session, receipt: Receipt
) -> None:
    readers = {one.staff_id for one in receipt.readers}
    newcomer = next(item for item in world.ids.values() if item not in readers)
    mentor = world.actor(session, world.mentor_of("1A"))
    case_id = only_case(session).id
    hand_over(session, mentor, case_id, newcomer)
    actor = world.actor(session, world.code_of(newcomer))
    view = cases.show(session, actor=actor, case_id=case_id, now=NOW)
    assert "eerste notitie" in [entry.text for entry in told.entries(view)]
    assert [item.name for item in view.evidence] == [FILE[0]]


def test_somebody_whose_key_nobody_confirmed_gets_no_case(
    world: World, session: Session, receipt: Receipt
) -> None:
    readers = {one.staff_id for one in receipt.readers}
    newcomer = next(item for item in world.ids.values() if item not in readers)
    session.get_one(StaffMember, newcomer).confirmed_at = None
    transaction.commit(session)
    mentor = world.actor(session, world.mentor_of("1A"))
    with pytest.raises(case_keys.ForbiddenError):
        hand_over(session, mentor, only_case(session).id, newcomer)
    transaction.rollback(session)
    wraps = session.scalars(select(Wrap).where(Wrap.holder_id == newcomer))
    assert list(wraps) == []


def test_the_code_itself_is_kept_nowhere(world: World, session: Session, receipt: Receipt) -> None:
    row = session.scalars(select(ReporterCode)).one()
    assert 0 <= row.lookup < 2**32
    for value in opening.all_values(session):
        for form in (receipt.code, receipt.code.lower(), "-".join(receipt.code_groups)):
            assert form.encode() not in value
    assert reporter.enter(session, school=world.school, code=receipt.code, instance=world.keys)
