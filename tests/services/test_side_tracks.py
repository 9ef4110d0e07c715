"""Tracks beside the protocol; that of the meldcode is there for its named persons alone."""

from __future__ import annotations

import io
import json
import re
import tomllib
import zipfile
from datetime import timedelta
from importlib import resources

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import data
from portal.domain.side_tracks import MELDCODE, POLICE, STAFF
from portal.models import Case, Compartment, CustodyEvent, Record, StaffMember, Wrap
from portal.services import (
    audit,
    case_records,
    cases,
    involved,
    meldcode,
    packets,
    recovery,
    side_tracks,
    tasks,
    transaction,
)
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World

TODAY = NOW.date()
NUMBER = re.compile(r"\b0[89]00-[\d ]+")
SECRET = "Blauwe plekken op de arm."


@pytest.fixture
def it(world: World, session: Session) -> Handled:
    return handled(world, session)


def begin(it: Handled) -> StaffActor:
    """Begin the track with the overseer; gives them."""
    named = it.part("overseer")
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    meldcode.begin(it.session, named=[named.id], **given)
    transaction.commit(it.session)
    return named


def record(it: Handled, key: str, step: str, answer: str = "", text: str = SECRET) -> None:
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW, "on": TODAY}
    side_tracks.record(it.session, key=key, step=step, text=text, answer=answer, **given)
    transaction.commit(it.session)


def seen(it: Handled, actor: StaffActor, key: str = MELDCODE) -> tuple[bool, list[str]]:
    view = side_tracks.show(it.session, actor=actor, case_id=it.case_id, key=key)
    return view.begun, [one.text for _step, done in view.steps for one in done]


def test_only_who_was_named_reads_the_meldcode(it: Handled) -> None:
    named, other = begin(it), it.part("substitute")
    record(it, MELDCODE, "signals")
    assert seen(it, it.handler) == seen(it, named) == (True, [SECRET])
    assert seen(it, other) == (False, [])
    track = it.session.scalars(select(Compartment).where(Compartment.kind == MELDCODE)).one()
    held = set(
        it.session.scalars(
            select(Wrap.holder_id).where(
                Wrap.compartment_id == track.id, Wrap.holder_kind == "staff"
            )
        )
    )
    assert held == {it.handler.id, named.id}


def test_the_case_and_its_packet_say_nothing_of_it(it: Handled) -> None:
    before = cases.show(it.session, actor=it.handler, case_id=it.case_id, now=NOW)
    begin(it)
    record(it, MELDCODE, "signals")
    for actor in (it.handler, it.part("substitute")):
        after = cases.show(it.session, actor=actor, case_id=it.case_id, now=NOW)
        assert after.days == before.days
        assert not after.changed
    apart = select(CustodyEvent.id).join(Compartment, Compartment.id == CustodyEvent.compartment_id)
    hidden = set(it.session.scalars(apart.where(Compartment.kind == MELDCODE)))
    assert len(hidden) == 2
    given = {"actor": it.handler, "now": NOW}
    wanted = packets.order(it.session, case_id=it.case_id, chosen=[], **given)
    transaction.commit(it.session)
    made = b"".join(
        packets.build(
            it.session,
            school=it.world.school,
            store=it.world.store,
            keys=it.world.keys,
            instance_dir=it.world.settings.instance_dir,
            wanted=wanted,
            **given,
        )
    )
    with zipfile.ZipFile(io.BytesIO(made)) as packet:
        name = next(one for one in packet.namelist() if one.endswith("custody.jsonl"))
        lines = [json.loads(line)["public"] for line in packet.read(name).splitlines()]
    assert lines
    assert hidden.isdisjoint(one["id"] for one in lines)
    assert "track:opened" not in {one["kind"] for one in lines}


def test_the_case_still_opens_and_renews_its_keys_beside_a_track(it: Handled) -> None:
    named = begin(it)
    involved.step_out(it.session, actor=it.handler, case_id=it.case_id, reason="", now=NOW)
    transaction.commit(it.session)
    _, opened = case_records.open_for(it.session, actor=named, case_id=it.case_id)
    assert {item.row.kind for item in opened.case} == {"case"}
    track = select(Wrap.holder_id).join(Compartment, Compartment.id == Wrap.compartment_id)
    track = track.where(Wrap.holder_kind == "staff")
    held = set(it.session.scalars(track.where(Compartment.kind == MELDCODE)))
    assert held == {named.id}


def test_the_log_knows_the_key_of_a_track(it: Handled) -> None:
    begin(it)
    record(it, MELDCODE, "weigh")
    found = audit.check_all(it.session, instance=it.world.keys, store=it.world.store)
    about = {"compartment", "record", "reader", "wrap"}
    assert [str(one) for one in found if one.code in about] == []


def test_a_track_begins_once_and_for_two_readers_of_the_case(it: Handled) -> None:
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    for named in ([], [it.stranger().id]):
        with pytest.raises(InvalidInputError):
            meldcode.begin(it.session, named=named, **given)
        transaction.rollback(it.session)
    with pytest.raises(InvalidInputError):
        record(it, MELDCODE, "signals")
    begin(it)
    with pytest.raises(ConflictError):
        begin(it)


@pytest.mark.parametrize(
    ("key", "step", "answer"),
    [(POLICE, "answer", "no"), (STAFF, "decided", "does_not_hold")],
)
def test_the_other_tracks_are_records_of_the_case(
    it: Handled, key: str, step: str, answer: str
) -> None:
    record(it, key, step, answer, "Zij willen het niet.")
    assert seen(it, it.part("substitute"), key) == (True, ["Zij willen het niet."])
    with pytest.raises(InvalidInputError):
        record(it, key, step, "perhaps")


def test_every_track_says_where_it_comes_from() -> None:
    for track in data.side_tracks().values():
        assert track.source
        assert track.checked_on.year >= 2026
    assert len(data.side_tracks()[MELDCODE].steps) == 5


def test_somebody_named_later_reads_all_of_it_and_why_stands_in_the_track(it: Handled) -> None:
    begin(it)
    record(it, MELDCODE, "signals")
    later, given = it.part("substitute"), {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    stranger = it.stranger().id
    for who, why in ((later.id, " "), (stranger, "Kent het gezin.")):
        with pytest.raises(InvalidInputError):
            meldcode.add(it.session, staff_id=who, reason=why, **given)
        transaction.rollback(it.session)
    with pytest.raises(NotFoundError):
        meldcode.add(it.session, staff_id=later.id, reason="x", **{**given, "actor": later})
    meldcode.add(it.session, staff_id=later.id, reason="Kent het gezin.", **given)
    transaction.commit(it.session)
    assert seen(it, later) == (True, [SECRET])
    view = side_tracks.show(it.session, actor=later, case_id=it.case_id, key=MELDCODE)
    assert [(one.what, one.text) for one in view.changes] == [
        ("began", ""),
        ("added", "Kent het gezin."),
    ]
    assert later.id in {staff_id for staff_id, _name in view.named}
    with pytest.raises(ConflictError):
        meldcode.add(it.session, staff_id=later.id, reason="nog eens", **given)


def test_who_leaves_the_track_cannot_open_what_is_written_after(it: Handled) -> None:
    begin(it)
    leaver, given = it.part("substitute"), {"case_id": it.case_id, "now": NOW}
    with pytest.raises(InvalidInputError):
        meldcode.leave(it.session, actor=it.handler, reason="Klaar.", **given)
    transaction.rollback(it.session)
    meldcode.add(it.session, actor=it.handler, staff_id=leaver.id, reason="Helpt.", **given)
    transaction.commit(it.session)
    copied = meldcode.places_of(it.session, leaver, it.case_id)
    meldcode.leave(it.session, actor=leaver, reason="Mijn deel is klaar.", **given)
    transaction.commit(it.session)
    record(it, MELDCODE, "weigh")
    assert seen(it, leaver) == (False, [])
    assert seen(it, it.handler) == (True, [SECRET])
    rows = it.session.scalars(select(Record).where(Record.kind == "side_track")).all()
    assert {row.compartment_id for row in rows}.isdisjoint({one.row.id for one in copied})
    case_records.open_for(it.session, actor=leaver, case_id=it.case_id)  # still reads the case
    found = audit.check_all(it.session, instance=it.world.keys, store=it.world.store)
    about = {"compartment", "record", "reader", "wrap", "pair"}
    assert [str(one) for one in found if one.code in about] == []


def test_the_key_is_another_once_somebody_loses_the_case(it: Handled) -> None:
    named = begin(it)
    involved.step_out(it.session, actor=it.handler, case_id=it.case_id, reason="", now=NOW)
    transaction.commit(it.session)
    given = {"actor": named, "case_id": it.case_id, "now": NOW, "on": TODAY, "answer": ""}
    side_tracks.record(it.session, key=MELDCODE, step="weigh", text=SECRET, **given)
    transaction.commit(it.session)
    tracks = it.session.scalars(select(Compartment).where(Compartment.kind == MELDCODE)).all()
    assert sorted(row.epoch for row in tracks) == [1, 2]
    row = it.session.scalars(select(Record).where(Record.kind == "side_track")).one()
    assert row.compartment_id == max(tracks, key=lambda one: one.epoch).id


def test_two_recovery_holders_open_the_track_and_can_give_it_on(it: Handled) -> None:
    begin(it)
    record(it, MELDCODE, "signals")
    label = it.session.get_one(Case, it.case_id).label
    recovered = recovery.open_case(
        it.session,
        school_id=it.world.school.id,
        label=label,
        identities=it.world.recovery[:2],
        reason="Iedereen is weg.",
        now=NOW,
    )
    transaction.commit(it.session)
    told = recovery.stories(it.session, recovered)
    assert SECRET in {one["body"].get("text") for one in told if one["kind"] == "side_track"}
    assert {item.row.kind for item in recovered.keys.case} == {"case"}
    other = it.part("substitute")
    before = len(cases.show(it.session, actor=other, case_id=it.case_id, now=NOW).entries)
    member = it.session.get_one(StaffMember, other.id)
    meldcode.give_recovered(it.session, recovered, member=member, now=NOW)
    transaction.commit(it.session)
    assert seen(it, other) == (True, [SECRET])
    assert len(cases.show(it.session, actor=other, case_id=it.case_id, now=NOW).entries) == before


def test_no_list_and_no_date_tells_that_there_is_a_track(it: Handled) -> None:
    def shown() -> object:
        it.session.expire_all()
        other, later = it.part("substitute"), NOW + timedelta(hours=5)
        return (
            cases.desk(it.session, actor=other, now=later),
            cases.all_rows(it.session, actor=other),
            it.session.get_one(Case, it.case_id).changed_at,
            [one.id for one in tasks.tasks_of(it.session, actor=other, case_id=it.case_id)],
        )

    before, later = shown(), NOW + timedelta(hours=3)
    given = {"actor": it.handler, "case_id": it.case_id, "now": later}
    overseer = it.part("overseer")
    meldcode.begin(it.session, named=[overseer.id], **given)
    transaction.commit(it.session)
    said = {"on": TODAY, "text": SECRET, "answer": ""}
    side_tracks.record(it.session, key=MELDCODE, step="signals", **said, **given)
    transaction.commit(it.session)
    assert shown() == before


def test_a_telephone_number_of_a_step_is_one_that_stands_in_the_dated_help_lines() -> None:
    text = resources.files("portal").joinpath("data/helplines.toml").read_text("utf-8")
    lines = tomllib.loads(text)["line"]
    known = {re.sub(r"\D", "", line["phone"]) for line in lines if "phone" in line}
    said = [step.help for track in data.side_tracks().values() for step in track.steps]
    told = [re.sub(r"\D", "", number) for text in said for number in NUMBER.findall(text)]
    assert told
    assert set(told) <= known
