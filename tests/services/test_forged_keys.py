"""Keys, wraps and holders that somebody put into the database: nothing is sealed to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import AgeError, Identity, decrypt
from portal.domain.custody_kinds import ReaderChange
from portal.models import (
    CaseReader,
    Compartment,
    CustodyEvent,
    EvidenceItem,
    Record,
    RecoveryHolder,
    ReporterCode,
    StaffMember,
    Wrap,
    new_id,
)
from portal.services import (
    accounts,
    case_keys,
    case_records,
    case_work,
    cases,
    evidence,
    keys,
    reporter,
    transaction,
)
from portal.services.custody import SYSTEM
from portal.services.errors import InvalidInputError, RecordMismatchError
from portal.services.keys import OpenCompartment
from tests.services import world as told
from tests.services.story import Story, make_story
from tests.services.world import NOW, World


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    return make_story(world, session)


def plant(it: Story, kind: str) -> OpenCompartment:
    """Add a newer key of one's own and seal it to everybody who is to use it."""
    of_case = kind == keys.CASE
    planted = keys.new_compartment(
        it.session,
        school_id=it.world.school.id,
        kind=kind,
        report_id=None if of_case else it.report_id,
        case_id=it.case_id if of_case else None,
        epoch=9,
    )
    it.session.flush()
    for holder_kind, holder_id, recipient in holders(it, kind):
        keys.wrap(
            it.session, planted, holder_kind=holder_kind, holder_id=holder_id, recipient=recipient
        )
    transaction.commit(it.session)
    return planted


def holders(it: Story, kind: str) -> list[tuple[str, str, str]]:
    if kind == keys.CASE:
        rows = case_keys.readers_of(it.session, it.case, live_only=True)
        members = [it.session.get_one(StaffMember, row.staff_id) for row in rows]
        return [(keys.STAFF, one.id, one.recipient or "") for one in members]
    code = it.session.scalars(
        select(ReporterCode).where(ReporterCode.report_id == it.report_id)
    ).one()
    case_key = it.session.scalars(
        select(Compartment).where(Compartment.case_id == it.case_id, Compartment.epoch == 1)
    ).one()
    found = [(keys.CASE_KEY, case_key.id, case_key.recipient)]
    return [*found, (keys.CODE, code.id, code.recipient)] if kind == keys.STORY else found


def come_back(it: Story) -> None:
    it.live.data.update(
        reporter.enter(it.session, school=it.world.school, code=it.code, instance=it.world.keys)[1]
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reporter_writes_only_to_keys_that_the_log_knows(story: Story, when: str) -> None:
    if when == "after":
        planted = plant(story, keys.STORY)
        come_back(story)
    else:
        planted = plant(story, keys.STORY)
    reporter.send_message(story.session, live=story.live, text="alleen voor school", now=NOW)
    transaction.commit(story.session)
    written = story.session.scalars(select(Record).where(Record.kind == reporter.FROM_REPORTER))
    assert written.one().compartment_id != planted.row.id
    seen = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    assert [one.text for one in seen.reports[0].messages] == ["alleen voor school"]


def test_a_reporter_s_file_goes_only_where_the_own_story_says(story: Story) -> None:
    planted = plant(story, keys.EVIDENCE)
    told.upload(story.world, story.session, story.live, ("later.txt", b"later"))
    items = story.session.scalars(select(EvidenceItem)).all()
    assert planted.row.id not in {item.compartment_id for item in items}
    for item in items:
        sealed = (story.world.settings.instance_dir / "evidence").rglob(item.object_id)
        with pytest.raises(AgeError):
            decrypt(next(sealed).read_bytes(), [planted.identity])


def test_a_public_half_that_was_exchanged_takes_no_file(story: Story) -> None:
    row = story.session.scalars(
        select(Compartment).where(
            Compartment.report_id == story.report_id, Compartment.kind == keys.EVIDENCE
        )
    ).one()
    row.recipient = str(Identity.generate().recipient)
    transaction.commit(story.session)
    with pytest.raises(RecordMismatchError):
        told.upload(story.world, story.session, story.live, ("later.txt", b"later"))
    transaction.rollback(story.session)


def test_staff_write_only_to_keys_that_the_log_knows(story: Story) -> None:
    planted = {plant(story, kind).row.id for kind in (keys.CASE, keys.STORY)}
    common = {"actor": story.mentor, "case_id": story.case_id, "now": NOW}
    case_work.write_note(story.session, text="notitie", **common)
    case_work.reply(story.session, report_id=story.report_id, text="antwoord", **common)
    cases.note_reading(story.session, **common)
    item = evidence.find(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        evidence_id=story.session.scalars(select(EvidenceItem.id)).one(),
    )
    evidence.log_download(story.session, actor=story.mentor, item=item, now=NOW)
    transaction.commit(story.session)
    assert not planted & set(story.session.scalars(select(Record.compartment_id)))
    assert not planted & set(story.session.scalars(select(CustodyEvent.compartment_id)))


def let_in_by_rows(it: Story, staff_id: str, *, row: bool = True) -> None:
    """Make somebody look like a reader: a place in the list, and something for a wrap."""
    newest = it.session.scalars(select(Compartment).where(Compartment.case_id == it.case_id)).one()
    it.session.add(
        Wrap(
            id=new_id(),
            school_id=newest.school_id,
            compartment_id=newest.id,
            holder_kind=keys.STAFF,
            holder_id=staff_id,
            sealed=b"x",
        )
    )
    if row:
        it.session.add(
            CaseReader(
                school_id=newest.school_id,
                case_id=it.case_id,
                staff_id=staff_id,
                part="also",
                since=NOW,
            )
        )
    transaction.commit(it.session)


def leave(it: Story, staff_id: str) -> None:
    accounts.disable(
        it.session, actor=SYSTEM, school_id=it.world.school.id, staff_id=staff_id, now=NOW
    )
    transaction.commit(it.session)


def remove(it: Story, staff_id: str) -> None:
    case, opened = case_records.open_for(it.session, actor=it.mentor, case_id=it.case_id)
    case_keys.remove_reader(
        it.session,
        case=case,
        case_keys=opened,
        staff_id=staff_id,
        actor=it.mentor.custody,
        why=ReaderChange.LET_IN,
        now=NOW,
    )
    transaction.commit(it.session)


@pytest.mark.parametrize("row", [True, False])
@pytest.mark.parametrize("verb", [leave, remove])
def test_a_renewal_lets_nobody_in_whom_the_log_does_not_know(
    story: Story, verb: Callable[[Story, str], None], row: bool
) -> None:
    intruder = story.newcomer()
    let_in_by_rows(story, intruder, row=row)
    gone = story.of_part("substitute")
    verb(story, gone)
    newest = story.session.scalars(
        select(Compartment).where(Compartment.case_id == story.case_id, Compartment.epoch == 2)
    ).one()
    query = select(Wrap.holder_id).where(
        Wrap.compartment_id == newest.id, Wrap.holder_kind == keys.STAFF
    )
    given = set(story.session.scalars(query))
    assert story.mentor.id in given
    assert not {intruder, gone} & given
    view = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    assert not view.changed


def test_a_renewed_report_takes_files_and_messages(story: Story) -> None:
    remove(story, story.of_part("substitute"))
    come_back(story)
    told.upload(story.world, story.session, story.live, ("later.txt", b"later"))
    item = story.session.scalars(select(EvidenceItem).order_by(EvidenceItem.received_at)).all()[-1]
    epochs = {row.id: row.epoch for row in story.session.scalars(select(Compartment))}
    assert 2 in {epochs[one.compartment_id] for one in story.session.scalars(select(EvidenceItem))}
    view = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    assert item.id in {one.id for one in view.evidence}
    assert (len(view.evidence), view.changed) == (2, False)


def test_a_renewal_gives_nothing_to_a_code_that_was_exchanged(story: Story) -> None:
    code = story.session.scalars(select(ReporterCode)).one()
    stranger = Identity.generate()
    code.recipient = str(stranger.recipient)
    transaction.commit(story.session)
    remove(story, story.of_part("substitute"))
    for wrap in story.session.scalars(select(Wrap)):
        with pytest.raises(AgeError):
            decrypt(wrap.sealed, [stranger])


def exchange(session: Session, holder: RecoveryHolder) -> None:
    holder.recipient = str(Identity.generate().recipient)


def detach(session: Session, holder: RecoveryHolder) -> None:
    """Make a holder look like somebody else, so that an exclusion would not count."""
    holder.staff_id = session.scalars(select(StaffMember.id)).first()


@pytest.mark.parametrize("change", [exchange, detach])
def test_a_changed_recovery_holder_gets_no_part_of_a_key(
    world: World, session: Session, change: Callable[[Session, RecoveryHolder], None]
) -> None:
    holder = session.scalars(select(RecoveryHolder).order_by(RecoveryHolder.id)).first()
    assert holder is not None
    change(session, holder)
    transaction.commit(session)
    told.report(world, session, told.answers(world))
    pairs = session.scalars(select(Wrap.holder_id).where(Wrap.holder_kind == keys.PAIR)).all()
    assert pairs
    assert not [pair for pair in pairs if holder.id in pair]


def test_an_older_draft_put_back_is_not_sent(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))
    row = session.scalars(select(Record).where(Record.kind == "draft")).one()
    before = (row.seq, row.ciphertext, row.ciphertext_sha256)
    told.answer(session, live, "readers", {"exclude": [world.ids[world.mentor_of("1A")]]})
    seen = told.seen_by(world, session, live)
    session.expire_all()
    row = session.scalars(select(Record).where(Record.kind == "draft")).one()
    row.seq, row.ciphertext, row.ciphertext_sha256 = before
    transaction.commit(session)
    with pytest.raises(InvalidInputError) as caught:
        told.submit(world, session, live, seen=seen)
    assert (caught.value.field, caught.value.problem) == ("readers", "changed")


def test_a_roster_that_changed_after_the_look_over_is_shown_first(
    world: World, session: Session
) -> None:
    live = told.begin(world, session, told.answers(world))
    seen = told.seen_by(world, session, live)
    accounts.disable(
        session,
        actor=SYSTEM,
        school_id=world.school.id,
        staff_id=world.ids[world.mentor_of("1A")],
        now=NOW,
    )
    transaction.commit(session)
    with pytest.raises(InvalidInputError) as caught:
        told.submit(world, session, live, seen=seen)
    assert caught.value.problem == "changed"
    transaction.rollback(session)
    assert told.send(world, session, live).code
