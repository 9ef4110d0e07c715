"""A diary: kept under a code, read by nobody at school until it is sent, and then as a whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.models import (
    Case,
    Compartment,
    CustodyEvent,
    EvidenceItem,
    Record,
    Report,
    ReporterCode,
    StaffMember,
    Wrap,
)
from portal.services import (
    audit,
    cases,
    codes,
    diary,
    drafts,
    keys,
    reporter,
    sessions,
    transaction,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.sessions import SealedSession
from tests.services import opening
from tests.services import world as told
from tests.services.world import NOW, World

DAYS = 180
ENTRY, LATER = "Vandaag lag mijn tas in de sloot.", "Weer een filmpje in de groep."
FILE = ("sloot.jpg", b"natte tas " * 500)
LATE = NOW + timedelta(days=12, hours=3)


def keep(world: World, session: Session, live: SealedSession) -> str:
    """Keep a draft. Returns the code."""
    diary.keep(session, live=live, school=world.school, instance=world.keys, days=DAYS, now=NOW)
    transaction.commit(session)
    return str(live.data[diary.KEPT_CODE])


def write(session: Session, live: SealedSession, text: str, **more: object) -> str:
    given = {"happened": "", "exact": False, "now": NOW, **more}
    made = diary.write(session, live=live, text=text, **given)  # type: ignore[arg-type]
    transaction.commit(session)
    return made


def come_back(world: World, session: Session, code: str) -> SealedSession:
    """Come from another device with the code."""
    report_id, data = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    assert data["diary"]
    live = sessions.begin(
        session,
        kind=sessions.DRAFT,
        school_id=world.school.id,
        data=data,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    return live


@pytest.fixture
def kept(world: World, session: Session, plain_inspection: None) -> tuple[str, SealedSession]:
    """Give the code and the session of a diary with a file in one of two entries."""
    answers = told.answers(world)
    del answers["story"]
    code = keep(world, session, told.begin(world, session, answers))
    live = come_back(world, session, code)
    live.data["entry"] = write(session, live, ENTRY, happened="2026-11-13 21:07", exact=True)
    told.upload(world, session, live, FILE)
    live.data["entry"] = ""
    write(session, live, LATER, happened="2026-11-15", now=LATE)
    return code, live


def evidence_folder(world: World):
    return world.settings.instance_dir / "evidence"


def findings(world: World, session: Session) -> list[str]:
    """What does not agree; the keys of these staff were put into the rows by the fixture."""
    checked = audit.check_all(session, instance=world.keys, store=world.store, read_all=True)
    return [str(one) for one in checked if one.code != "recipient"]


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_code_opens_it_on_another_device_with_both_dates_in_order(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    code, _ = kept
    draft = drafts.load(session, live=come_back(world, session, code))
    assert [entry.text for entry in draft.entries] == [ENTRY, LATER]
    assert [entry.happened for entry in draft.entries] == ["2026-11-13 21:07", "2026-11-15"]
    assert [entry.exact for entry in draft.entries] == [True, False]
    assert [entry.written_at for entry in draft.entries] == [NOW, LATE]
    assert [file.name for file in draft.entries[0].files] == ["sloot.jpg"]
    assert draft.entries[1].files == ()


def test_the_database_and_every_key_of_the_school_open_nothing_of_it(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    sealed = opening.ciphertexts(session, evidence_folder(world))
    of_diary = set(
        session.scalars(select(Compartment.id).where(Compartment.report_id.is_not(None)))
    )
    found = opening.material(session, evidence_folder(world), world.keys.secret)
    everybody = [*found, *world.identities.values(), *world.recovery]
    assert len(sealed) > 10
    assert [data for data in sealed if opening.opens(data, everybody)] == []
    holders = set(
        session.scalars(select(Wrap.holder_kind).where(Wrap.compartment_id.in_(of_diary)))
    )
    assert holders == {keys.CODE}
    # The same attacker gets in with the code.
    _, identity = codes.find(session, school_id=world.school.id, code=kept[0], keys=world.keys)
    assert any(opening.opens(data, [identity]) for data in sealed)


def test_an_entry_is_there_for_good_and_an_empty_or_endless_one_is_refused(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    _, live = kept
    before = drafts.load(session, live=live).entries
    for text, problem in ((" \n", "empty"), ("x" * (diary.TEXT_LIMIT + 1), "too_long")):
        with pytest.raises(InvalidInputError) as refused:
            write(session, live, text)
        assert refused.value.problem == problem
    write(session, live, "Nog een.", now=LATE)
    assert drafts.load(session, live=live).entries[:2] == before


def test_a_diary_does_not_grow_until_nobody_can_read_it(
    session: Session, kept: tuple[str, SealedSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, kept[1], "woord " * 100)
    monkeypatch.setattr(diary, "MOST_BYTES", 500)
    with pytest.raises(InvalidInputError) as refused:
        write(session, kept[1], "nog een woord")
    assert refused.value.problem == "too_many"


def test_each_entry_stands_in_the_log_with_the_hash_of_what_was_written(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    written = session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == "entry:written")
    ).all()
    hashes = set(session.scalars(select(Record.ciphertext_sha256).where(Record.kind == "entry")))
    assert len(hashes) == 2
    assert {item for event in written for item in hashes if item in event.public} == hashes


def test_sent_as_a_whole_it_keeps_its_code_and_its_readers_read_it_in_order(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    code, live = kept
    receipt = told.send(world, session, live)
    assert receipt.code == ""
    case = session.scalars(select(Case)).one()
    mentor = world.actor(session, world.mentor_of("1A"))
    seen = cases.show(session, actor=mentor, case_id=case.id, now=NOW)
    entries = seen.reports[0].entries
    assert [entry.text for entry in entries] == [ENTRY, LATER]
    assert [file.name for file in entries[0].files] == ["sloot.jpg"]
    assert [item.name for item in seen.evidence] == ["sloot.jpg"]
    assert not seen.changed
    report_id, data = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    assert "diary" not in data
    assert session.get_one(Report, report_id).kept_until is None


def test_after_sending_the_code_opens_no_file_any_more(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    code, live = kept
    told.send(world, session, live)
    row, identity = codes.find(session, school_id=world.school.id, code=code, keys=world.keys)
    found = {
        wrap.compartment_id: Identity.parse(opening.body(wrap.sealed, identity)["identity"])
        for wrap in session.scalars(select(Wrap).where(Wrap.holder_id == row.id))
    }
    kinds = {session.get_one(Compartment, item).kind for item in found}
    assert kinds == {"story", "identity"}
    text = b"".join(opening.everything(session, evidence_folder(world), found))
    assert ENTRY.encode() in text
    assert FILE[1] not in text


def test_words_of_danger_weeks_ago_make_it_urgent_when_it_is_sent(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    code, live = kept
    write(session, live, "ik wil niet meer leven")
    told.send(world, session, come_back(world, session, code))
    assert session.scalars(select(Case)).one().urgent


def test_nothing_without_story_and_entries_is_sent(world: World, session: Session) -> None:
    answers = told.answers(world)
    del answers["story"]
    live = told.begin(world, session, answers)
    keep(world, session, live)
    with pytest.raises(InvalidInputError):
        told.send(world, session, live)


def test_wiping_leaves_nothing_but_what_the_log_says_without_content(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    code, live = kept
    diary.wipe(session, live=live, store=world.store, now=NOW)
    transaction.commit(session)
    for model in (Report, Record, Compartment, Wrap, EvidenceItem, ReporterCode):
        assert count(session, model) == 0
    assert not world.store.fsck().objects
    with pytest.raises(NotFoundError):
        reporter.enter(session, school=world.school, code=code, instance=world.keys)
    kinds = told.events(session, world.school.id)
    assert kinds[-1] == "report:wiped"
    assert findings(world, session) == []


def test_it_goes_when_nobody_came_back_in_time_and_not_before(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    code, _ = kept
    session.execute(update(StaffMember).values(name="Iemand"))
    in_time = NOW + timedelta(days=DAYS - 1)
    assert drafts.sweep_abandoned(session, store=world.store, now=in_time) == 0
    assert diary.sweep(session, store=world.store, now=in_time) == 0
    report_id, _ = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    diary.visit(session, report_id=report_id, days=DAYS, now=in_time)
    transaction.commit(session)
    assert diary.sweep(session, store=world.store, now=NOW + timedelta(days=DAYS + 30)) == 0
    late = in_time + timedelta(days=DAYS + 2)
    assert diary.sweep(session, store=world.store, now=late) == 1
    transaction.commit(session)
    assert count(session, Report) == 0


def test_the_key_of_a_stranger_in_the_database_is_not_written_to(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    """Whoever has the database could add a newer story, sealed to the code that stands there."""
    code, _ = kept
    row = session.scalars(select(ReporterCode)).one()
    planted = keys.new_compartment(
        session, school_id=world.school.id, kind=keys.STORY, report_id=row.report_id, epoch=9
    )
    keys.wrap(session, planted, holder_kind=keys.CODE, holder_id=row.id, recipient=row.recipient)
    transaction.commit(session)
    _, data = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    assert planted.row.id not in data["keys"]


def test_the_log_and_the_database_agree_about_a_diary_and_about_what_was_sent(
    world: World, session: Session, kept: tuple[str, SealedSession]
) -> None:
    before = findings(world, session)
    told.send(world, session, kept[1])
    assert (before, findings(world, session)) == ([], [])
