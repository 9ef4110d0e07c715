"""What somebody with the database in hand changes is found by comparing it with the log."""

import hashlib
import json

import pytest
from sqlalchemy import delete, select

from evidence_store import EvidenceStore, Identity
from evidence_store.backends import MemoryBackend
from portal.models import (
    CaseReader,
    Compartment,
    CustodyEvent,
    CustodyHead,
    EvidenceItem,
    Record,
    RecoveryHolder,
    Wrap,
    new_id,
)
from portal.services import (
    accounts,
    audit,
    case_work,
    checkpoints,
    confirmations,
    derivation,
    slots,
    transaction,
)
from portal.services.custody import Actor
from tests.services import founded as setting
from tests.services import reported


@pytest.fixture
def school(session, monkeypatch, plain_inspection):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    founded = setting.found_school(session)
    founded.actors = setting.activate_and_confirm(founded, "BAK", "WIT", "DIJ")
    founded.store = EvidenceStore(MemoryBackend())
    founded.sent = reported.send(founded, founded.store, files=True)
    checkpoints.make_all(session, keys=setting.KEYS, now=setting.NOW)
    transaction.commit(session)
    return founded


def codes(school, *, read_all=False):
    school.session.expire_all()
    found = audit.check_all(
        school.session, instance=setting.KEYS, store=school.store, read_all=read_all
    )
    return {finding.code for finding in found}


def test_an_honest_school_has_no_findings(school):
    assert codes(school, read_all=True) == set()
    accounts.disable(
        school.session,
        actor=Actor("command-line"),
        school_id=school.school.id,
        staff_id=school.actors["BAK"].id,
        now=setting.NOW,
    )
    transaction.commit(school.session)
    assert codes(school) == set()


def test_a_key_of_one_s_own_put_in_place_of_a_colleague_s(school):
    school.member("WIT").recipient = str(Identity.generate().recipient)
    school.session.commit()
    assert codes(school) == {"recipient"}


def test_an_account_confirmed_in_the_table_alone(school):
    activation, _ = setting.activate(school, "JAN")
    school.member("JAN").confirmed_at = setting.NOW
    school.session.commit()
    assert activation.recipient
    assert codes(school) == {"recipient"}


def test_a_wrap_for_somebody_whom_the_case_does_not_list(school):
    compartment = school.session.scalars(
        select(Compartment).where(Compartment.case_id == school.sent.case.id)
    ).first()
    outsider = new_id()
    for holder in (school.member("JAN").id, outsider):
        school.session.add(
            Wrap(
                id=new_id(),
                school_id=school.school.id,
                compartment_id=compartment.id,
                holder_kind="staff",
                holder_id=holder,
                sealed=b"x",
            )
        )
    school.session.commit()
    assert codes(school) == {"wrap"}


def test_a_reader_hidden_from_the_case_page(school):
    school.session.execute(delete(CaseReader))
    school.session.commit()
    assert codes(school) == {"reader"}


def test_a_confirmed_colleague_added_with_a_row_but_without_an_event(school):
    activation, _ = setting.activate(school, "JAN")
    confirmations.confirm(
        school.session,
        actor=school.actors["VOS"],
        staff_id=activation.staff_id,
        typed_fingerprint=activation.fingerprint,
        now=setting.NOW,
    )
    transaction.commit(school.session)
    case = school.sent.case
    compartment = school.session.scalars(
        select(Compartment).where(Compartment.case_id == case.id)
    ).first()
    school.session.add_all(
        [
            Wrap(
                id=new_id(),
                school_id=school.school.id,
                compartment_id=compartment.id,
                holder_kind="staff",
                holder_id=activation.staff_id,
                sealed=b"x",
            ),
            CaseReader(
                school_id=school.school.id,
                case_id=case.id,
                staff_id=activation.staff_id,
                part="also",
                since=setting.NOW,
            ),
        ]
    )
    school.session.commit()
    assert codes(school) == {"reader"}


def test_another_recovery_key(school):
    holder = school.session.scalars(select(RecoveryHolder)).first()
    holder.recipient = str(Identity.generate().recipient)
    school.session.commit()
    assert codes(school) == {"holders", "pair"}


def test_an_event_rewritten_in_place(school):
    event = school.session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == "recipient:confirmed")
    ).first()
    public = json.loads(event.public)
    public["open"]["sealed"]["name"] = "Iemand anders"
    event.public = json.dumps(public)
    school.session.commit()
    assert codes(school) == {"log-event"}


def test_events_cut_off_at_the_end(school):
    last = school.session.scalars(
        select(CustodyEvent).order_by(CustodyEvent.position.desc())
    ).first()
    school.session.delete(last)
    school.session.commit()
    assert codes(school) == {"log-head", "checkpoint"}


def test_a_missing_and_an_exchanged_file(school):
    items = list(school.session.scalars(select(EvidenceItem)))
    school.store.destroy(items[0].object_id)
    assert codes(school) == {"evidence"}
    items[1].ciphertext_sha256 = "0" * 64
    school.session.commit()
    assert len(codes(school, read_all=True)) == 1


def test_a_key_that_the_log_does_not_know(school):
    for owner in ({"case_id": school.sent.case.id}, {"report_id": report_of(school)}):
        school.session.add(
            Compartment(
                id=new_id(),
                school_id=school.school.id,
                kind="story",
                epoch=2,
                recipient=str(Identity.generate().recipient),
                **owner,
            )
        )
    school.session.commit()
    assert codes(school) == {"compartment"}


def test_a_public_half_that_was_exchanged(school):
    row = school.session.scalars(select(Compartment).where(Compartment.kind == "evidence")).one()
    row.recipient = str(Identity.generate().recipient)
    school.session.commit()
    assert codes(school) == {"compartment"}


def report_of(school):
    return school.session.scalars(select(Compartment.report_id)).unique().all()[0]


def test_a_pair_that_holds_keys_without_being_one_of_the_log(school):
    wrap = school.session.scalars(select(Wrap).where(Wrap.holder_kind == "pair")).first()
    wrap.holder_id = f"{wrap.holder_id.split('+')[0]}+{new_id()}"
    school.session.commit()
    assert codes(school) == {"pair"}


def test_a_recovery_holder_who_belongs_to_somebody_else(school):
    holder = school.session.scalars(
        select(RecoveryHolder).where(RecoveryHolder.staff_id.is_not(None))
    ).first()
    holder.staff_id = None
    school.session.commit()
    assert codes(school) == {"holders", "pair"}


@pytest.mark.parametrize("hashed", [False, True])
def test_a_record_with_other_bytes(school, hashed):
    row = school.session.scalars(select(Record).where(Record.kind == "report")).one()
    row.ciphertext = b"iets anders"
    if hashed:
        row.ciphertext_sha256 = hashlib.sha256(row.ciphertext).hexdigest()
    school.session.commit()
    assert codes(school) == {"record"}


def test_a_record_in_the_place_of_another_that_the_log_names(school):
    actor, case = school.actors["BAK"], school.sent.case
    for text in ("een", "twee"):
        case_work.write_note(
            school.session, actor=actor, case_id=case.id, text=text, now=setting.NOW
        )
        transaction.commit(school.session)
    assert codes(school) == set()
    one, two = school.session.scalars(select(Record).where(Record.kind == "note"))
    one.ciphertext, one.ciphertext_sha256 = two.ciphertext, two.ciphertext_sha256
    school.session.commit()
    assert codes(school) == {"record"}


ODD = [
    "[]",
    "{",
    '"x"',
    "{}",
    '{"open": 3, "about": 4}',
    '{"about": [5, {}], "open": {"sealed": [1]}}',
    '{"open": {"sealed": {"holders": [{"name": "Ans"}, 7]}}}',
    '{"n": 1.5}',
]


@pytest.mark.parametrize("public", ODD)
def test_a_public_part_of_another_shape_is_a_finding_and_no_fault(school, public):
    for row in school.session.scalars(select(CustodyEvent)):
        row.public = public
    school.session.commit()
    assert {"log-event", "log-row", "recipient", "holders", "record"} <= codes(school)


def test_an_older_founding_that_names_no_staff_is_a_finding(school):
    query = select(CustodyEvent).where(CustodyEvent.kind == "school:founded")
    row = school.session.scalars(query).one()
    public = json.loads(row.public)
    for one in public["open"]["sealed"]["holders"]:
        del one["staff"]
    row.public = json.dumps(public)
    school.session.commit()
    assert {"log-event", "holders"} <= codes(school)


def test_a_head_that_cannot_be_read_is_a_finding(school):
    school.session.scalars(select(CustodyHead)).one().frontier = "{}"
    school.session.commit()
    assert codes(school) == {"log-head"}
