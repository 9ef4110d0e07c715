"""Recovery by pairs: two holders open a case, one never does, and it is told and logged."""

from itertools import combinations

import pytest
from sqlalchemy import select

from evidence_store import EvidenceStore, Identity
from evidence_store.backends import MemoryBackend
from portal.domain.custody_kinds import CustodyKind
from portal.models import CustodyEvent, Record
from portal.services import (
    accounts,
    case_keys,
    custody,
    derivation,
    evidence,
    records,
    recovery,
    reporter,
    sessions,
    slots,
    transaction,
)
from portal.services.custody import Actor
from portal.services.errors import ForbiddenError, InvalidInputError, NotFoundError
from tests.services import founded as setting
from tests.services import reported

NOW = setting.NOW
REASON = "Alle lezers zijn van school"
ADMIN = Actor("staff", "somebody", "Beheer")


@pytest.fixture(autouse=True)
def cheap_derivation(monkeypatch):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)


@pytest.fixture
def school(session):
    founded = setting.found_school(session)
    founded.actors = setting.activate_and_confirm(founded, "BAK", "WIT", "DIJ")
    return founded


@pytest.fixture
def store():
    return EvidenceStore(MemoryBackend())


def open_with(school, case, identities, reason=REASON):
    return recovery.open_case(
        school.session,
        school_id=school.school.id,
        label=case.label,
        identities=identities,
        reason=reason,
        now=NOW,
    )


@pytest.mark.parametrize("pair", list(combinations(range(3), 2)))
def test_any_two_holders_open_story_and_originals(school, store, pair):
    sent = reported.send(school, store, files=True)
    recovered = open_with(school, sent.case, [school.holders[index] for index in pair])
    bodies = recovery.stories(school.session, recovered)
    [report] = [item["body"] for item in bodies if item["kind"] == "report"]
    assert report["answers"]["story"]["value"] == reported.STORY
    items = evidence.open_items(school.session, sent.case, recovered.keys)
    contents = {b"".join(evidence.stream(store, item)) for item in items}
    assert contents == set(reported.FILES.values())


def test_the_order_of_the_keys_does_not_matter(school, store):
    sent = reported.send(school, store)
    for pair in (school.holders[:2], school.holders[1::-1]):
        assert open_with(school, sent.case, pair).keys.case


def test_one_holder_opens_nothing(school, store):
    sent = reported.send(school, store)
    alone = school.holders[0]
    for identities in ([alone], [alone, alone], [alone, Identity.generate()], school.holders):
        with pytest.raises(InvalidInputError):
            open_with(school, sent.case, identities)


def test_holders_of_another_school_open_nothing(school, store):
    sent = reported.send(school, store)
    other = setting.found_school(school.session, slug="beuk")
    with pytest.raises(InvalidInputError):
        open_with(school, sent.case, other.holders[:2])
    with pytest.raises(NotFoundError):
        recovery.open_case(
            school.session,
            school_id=other.school.id,
            label=sent.case.label,
            identities=other.holders[:2],
            reason=REASON,
            now=NOW,
        )


def test_an_excluded_holder_is_in_no_pair(school, store):
    sent = reported.send(school, store, exclude=("BAK",))
    for other in school.holders[1:]:
        with pytest.raises(NotFoundError):
            open_with(school, sent.case, [school.holders[0], other])
    assert open_with(school, sent.case, school.holders[1:]).keys.case


def test_recovery_wants_a_reason_and_logs_it(school, store):
    sent = reported.send(school, store)
    with pytest.raises(InvalidInputError):
        open_with(school, sent.case, school.holders[:2], reason="  ")
    recovered = open_with(school, sent.case, school.holders[:2])
    transaction.commit(school.session)
    [event] = school.session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == str(CustodyKind.RECOVERY_USED))
    )
    assert event.case_id == sent.case.id
    assert REASON not in event.public
    opened = custody.open_event(event, recovered.keys.by_compartment()[event.compartment_id])
    assert REASON not in str(opened)  # packets show the log; the words stay in the case
    told = recovery.stories(school.session, recovered)
    assert [one["body"]["text"] for one in told if one["kind"] == "recovery"] == [REASON]


def test_a_case_without_readers_is_given_to_a_confirmed_colleague(school, store):
    sent = reported.send(school, store, files=True)
    for code in ("BAK", "WIT", "VOS", "DIJ"):
        accounts.disable(
            school.session,
            actor=ADMIN,
            school_id=school.school.id,
            staff_id=school.member(code).id,
            now=NOW,
        )
    transaction.commit(school.session)
    [state] = recovery.cases(school.session, school_id=school.school.id)
    assert (state.label, state.readers) == (sent.case.label, 0)
    newcomer, _ = setting.activate(school, "JAN")
    recovered = open_with(school, sent.case, school.holders[:2])
    with pytest.raises(ForbiddenError):
        recovery.give_to(school.session, recovered, staff_code="JAN", now=NOW)
    transaction.rollback(school.session)
    school.member("JAN").confirmed_at = NOW
    recovered = open_with(school, sent.case, school.holders[:2])
    recovery.give_to(school.session, recovered, staff_code="JAN", now=NOW, handles=True)
    transaction.commit(school.session)
    actor = setting.actor_from(school, newcomer.data)
    opened = case_keys.open_case_keys(
        school.session,
        school_id=school.school.id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=sent.case.id,
    )
    assert len(evidence.open_items(school.session, sent.case, opened)) == len(reported.FILES)
    assert sent.case.handler_id == actor.id


def test_recovery_does_not_get_around_an_exclusion(school, store):
    sent = reported.send(school, store, exclude=("BAK",))
    recovered = open_with(school, sent.case, school.holders[1:])
    with pytest.raises(ForbiddenError):
        recovery.give_to(school.session, recovered, staff_code="BAK", now=NOW)


def keys_of(school, actor, case):
    return case_keys.open_case_keys(
        school.session,
        school_id=school.school.id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=case.id,
    )


def disable(school, code):
    accounts.disable(
        school.session,
        actor=ADMIN,
        school_id=school.school.id,
        staff_id=school.member(code).id,
        now=NOW,
    )
    transaction.commit(school.session)


def test_a_disabled_member_loses_the_wraps_and_it_is_logged(school, store):
    sent = reported.send(school, store)
    assert keys_of(school, school.actors["BAK"], sent.case).case
    disable(school, "BAK")
    with pytest.raises(NotFoundError):
        keys_of(school, school.actors["BAK"], sent.case)
    kinds = set(
        school.session.scalars(
            select(CustodyEvent.kind).where(CustodyEvent.case_id == sent.case.id)
        )
    )
    assert str(CustodyKind.CASE_READER_REMOVED) in kinds


def test_a_copied_key_opens_nothing_that_is_written_after_its_owner_left(school, store):
    sent = reported.send(school, store)
    copied = keys_of(school, school.actors["BAK"], sent.case).by_compartment()
    disable(school, "BAK")
    live = enter(school, sent)
    reporter.send_message(school.session, live=live, text="Het is weer gebeurd", now=NOW)
    transaction.commit(school.session)
    [written] = school.session.scalars(select(Record).where(Record.kind == reporter.FROM_REPORTER))
    assert written.compartment_id not in copied
    remaining = keys_of(school, school.actors["WIT"], sent.case)
    body = records.open_record(written, remaining.by_compartment()[written.compartment_id])
    assert body["text"] == "Het is weer gebeurd"
    recovered = open_with(school, sent.case, school.holders[:2])
    assert "Het is weer gebeurd" in str(recovery.stories(school.session, recovered))
    again = reporter.view(school.session, live=enter(school, sent))
    assert [message.text for message in again.messages] == ["Het is weer gebeurd"]


def test_renewing_a_key_brings_no_excluded_holder_back(school, store):
    sent = reported.send(school, store, exclude=("BAK",))
    disable(school, "WIT")
    disable(school, "VOS")
    with pytest.raises(NotFoundError):
        open_with(school, sent.case, school.holders[:2])
    assert len(open_with(school, sent.case, school.holders[1:]).keys.case) > 1


def enter(school, sent):
    report_id, data = reporter.enter(
        school.session, school=sent.school, code=sent.code, instance=setting.KEYS
    )
    live = sessions.begin(
        school.session,
        kind=sessions.REPORTER,
        school_id=sent.school.id,
        data=data,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(school.session)
    return live


def test_the_name_opens_for_a_pair_and_the_reporter_is_told(school, store):
    sent = reported.send(school, store, name=True)
    recovered = open_with(school, sent.case, school.holders[:2])
    assert reported.NAME not in str(recovery.stories(school.session, recovered))
    [told] = recovery.reveal_name(school.session, recovered, now=NOW)
    transaction.commit(school.session)
    assert reported.NAME in str(told)
    live = enter(school, sent)
    messages = reporter.view(school.session, live=live).messages
    assert any(REASON in message.text and "je naam" in message.text for message in messages)


def test_an_anonymous_reporter_has_no_name_to_recover(school, store):
    sent = reported.send(school, store)
    recovered = open_with(school, sent.case, school.holders[:2])
    with pytest.raises(NotFoundError):
        recovery.reveal_name(school.session, recovered, now=NOW)
