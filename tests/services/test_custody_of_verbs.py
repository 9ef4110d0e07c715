"""Every verb leaves its event in the transaction of its change, and a packet shows only its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store.custody import (
    commit,
    leaf_hash,
    merkle_root,
    verifier_key,
    verify_checkpoint,
)
from portal.domain.custody_kinds import ReaderChange
from portal.models import CustodyEvent, EvidenceItem
from portal.services import (
    accounts,
    case_keys,
    case_records,
    case_work,
    cases,
    checkpoints,
    closing,
    custody,
    disclosure,
    evidence,
    handing,
    involved,
    packets,
    reporter,
    sharing,
    staff_reports,
    tasks,
    transaction,
)
from portal.services.errors import NotFoundError
from tests.services import world as told
from tests.services.story import FILE, Story, make_story
from tests.services.world import NOW, World


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    return make_story(world, session)


def send_report(it: Story) -> None:
    live = told.begin(it.world, it.session, told.answers(it.world))
    told.submit(it.world, it.session, live)


def send_with_a_name(it: Story) -> None:
    name = {"who": "handlers", "name": "Fenna de Boer", "contact": ""}
    live = told.begin(it.world, it.session, told.answers(it.world, name=name))
    told.submit(it.world, it.session, live)


def take_in(it: Story) -> None:
    sink = told.uploading.begin(
        it.session,
        live=it.live,
        school=it.world.school,
        store=it.world.store,
        name="nog.txt",
        declared_type="text/plain",
        settings=it.world.settings,
    )
    sink.write(b"nog iets")
    sink.finish()
    told.uploading.record(
        it.session, live=it.live, school=it.world.school, finished=[sink], now=NOW
    )


def remove(it: Story) -> None:
    case, opened = case_records.open_for(it.session, actor=it.mentor, case_id=it.case_id)
    case_keys.remove_reader(
        it.session,
        case=case,
        case_keys=opened,
        staff_id=it.of_part("substitute"),
        actor=it.mentor.custody,
        why=ReaderChange.LET_IN,
        now=NOW,
    )


def open_item(it: Story) -> evidence.OpenItem:
    item = it.session.scalars(select(EvidenceItem).order_by(EvidenceItem.id)).first()
    return evidence.find(it.session, actor=it.mentor, case_id=it.case_id, evidence_id=item.id)


def preview(it: Story) -> None:
    """A text has no preview; that somebody asked for one is in the log all the same."""
    with pytest.raises(NotFoundError):
        evidence.preview(
            it.session,
            actor=it.mentor,
            store=it.world.store,
            item=open_item(it),
            kind="clear",
            now=NOW,
        )


def step(it: Story, text: str = "gedaan") -> None:
    action = cases.show(it.session, actor=it.mentor, case_id=it.case_id, now=NOW).next_action
    case_work.record_step(
        it.session,
        actor=it.mentor,
        case_id=it.case_id,
        action_key=action.key,
        outcome="done",
        text=text,
        now=NOW,
    )


def verb(function: Callable[..., Any], **more: Any) -> Callable[[Story], None]:
    def run(it: Story) -> None:
        function(it.session, actor=it.mentor, case_id=it.case_id, now=NOW, **more)

    return run


def hand_over(it: Story, reason: str = "andere rol") -> None:
    handing.hand_over(
        it.session,
        actor=it.mentor,
        case_id=it.case_id,
        to_staff_id=it.newcomer(),
        role_key=told.role_of(it.session, it.newcomer()),
        reason=reason,
        now=NOW,
    )


def start(it: Story, *, kind: str = "talk", with_code: bool = False) -> None:
    values = told.answers(it.world)
    staff_reports.start(
        it.session,
        actor=it.world.actor(it.session, it.world.mentor_of("3B")),
        school=it.world.school,
        kind=kind,
        answers={key: {"value": item} for key, item in values.items()},
        with_code=with_code,
        instance=it.world.keys,
        now=NOW,
    )


def leave(it: Story) -> None:
    accounts.disable(
        it.session,
        actor=it.mentor.custody,
        school_id=it.world.school.id,
        staff_id=it.of_part("substitute"),
        now=NOW,
    )


VERBS: dict[str, tuple[Callable[[Story], None], list[str]]] = {
    "send": (send_report, ["case:opened", "report:received", "code:issued"]),
    "send_with_a_name": (
        send_with_a_name,
        ["case:opened", "report:received", "code:issued", "identity:shared"],
    ),
    "take_in": (take_in, ["evidence:taken_in"]),
    "write": (
        lambda it: reporter.send_message(it.session, live=it.live, text="dag", now=NOW),
        ["message:sent"],
    ),
    "read": (verb(cases.note_reading), ["report:read"]),
    "reply": (
        lambda it: verb(case_work.reply, report_id=it.report_id, text="dag")(it),
        ["message:sent"],
    ),
    "note": (verb(case_work.write_note, text="notitie"), ["record:written"]),
    "step": (step, ["case:step_recorded"]),
    "move": (verb(case_work.move_to_step, step_key="fase-2", reason="x"), ["case:step_recorded"]),
    "close": (
        verb(closing.close, ending=closing.Ending("resolved", "klaar", ground="not_wanted")),
        ["record:written"],
    ),
    "hand_over": (hand_over, ["case:reader_added", "case:handed_over"]),
    "remove_reader": (remove, ["case:reader_removed"]),
    "download": (
        lambda it: evidence.log_download(it.session, actor=it.mentor, item=open_item(it), now=NOW),
        ["evidence:opened"],
    ),
    "preview": (preview, ["evidence:previewed"]),
    "order": (verb(packets.order, chosen=[]), ["packet:exported"]),
    "talk": (start, ["case:opened", "report:received", "case:reader_added"]),
    "talk_with_a_code": (
        lambda it: start(it, with_code=True),
        ["case:opened", "report:received", "code:issued", "case:reader_added"],
    ),
    "signal": (lambda it: start(it, kind="signal"), ["case:opened", "report:received"]),
    "leave": (leave, ["case:reader_removed", "staff:disabled"]),
}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_and_its_event_stand_or_fall_together(story: Story, name: str) -> None:
    act, kinds = VERBS[name]
    school_id, before = story.world.school.id, told.events(story.session, story.world.school.id)
    act(story)
    with story.world.factory() as elsewhere:
        assert told.events(elsewhere, school_id) == before
    transaction.rollback(story.session)
    story.session.expire_all()
    assert told.events(story.session, school_id) == before
    assert_sound(story.session, school_id)
    act(story)
    transaction.commit(story.session)
    assert told.events(story.session, school_id) == [*before, *kinds]
    assert_sound(story.session, school_id)


def assert_sound(session: Session, school_id: str) -> None:
    """Check the head against the leaves, and each leaf and commitment against its event."""
    log = custody.SqlLog(session, school_id)
    leaves = list(log.leaves())
    assert log.peek().size == len(leaves)
    assert log.peek().root() == merkle_root(leaves)
    rows = session.scalars(
        select(CustodyEvent)
        .where(CustodyEvent.school_id == school_id)
        .order_by(CustodyEvent.position)
    ).all()
    assert [row.position for row in rows] == list(range(len(rows)))
    for row, leaf in zip(rows, leaves, strict=True):
        public = json.loads(row.public)
        assert leaf_hash(public) == leaf
        assert public["kind"] == row.kind
        if "open" in public:
            assert (
                commit(bytes.fromhex(public["open"]["salt"]), public["open"]["sealed"])
                == (public["commit"])
            )


def test_only_readers_of_the_case_can_open_what_an_event_tells(story: Story) -> None:
    story.session.expire_all()
    row = story.session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == "evidence:taken_in")
    ).one()
    assert FILE[0] not in row.public
    _, opened = case_records.open_for(story.session, actor=story.mentor, case_id=story.case_id)
    sealed = custody.open_event(row, opened.by_compartment()[row.compartment_id])
    assert sealed["sealed"]["name"] in {"", FILE[0]}
    assert (
        commit(bytes.fromhex(sealed["salt"]), sealed["sealed"])
        == (json.loads(row.public)["commit"])
    )


SAID = "Noor uit 3B zei het"


def let_in(it: Story) -> None:
    role = told.role_of(it.session, it.newcomer())
    given = {"staff_id": it.newcomer(), "role": role, "reason": SAID}
    sharing.let_in(it.session, actor=it.mentor, case_id=it.case_id, now=NOW, **given)


def test_the_log_holds_no_word_that_somebody_typed(story: Story) -> None:
    """A packet shows the log to others: it may say keys, ids and days."""
    step(story, SAID)
    for act in (
        verb(case_work.write_note, text=SAID),
        verb(case_work.reply, report_id=story.report_id, text=SAID),
        verb(case_work.move_to_step, step_key="fase-2", reason=SAID),
        verb(disclosure.withhold, lines=[], onward=True, ground="home", text=SAID),
        verb(disclosure.lift),
        verb(tasks.add, kind="task", text=SAID, due_on=NOW.date(), owner_id=story.mentor.id),
        let_in,
        lambda it: hand_over(it, SAID),
        verb(involved.step_out, reason=SAID),
    ):
        act(story)
        transaction.commit(story.session)
    keeper = story.world.actor(story.session, story.world.code_of(story.case.handler_id))
    closing.close(
        story.session,
        actor=keeper,
        case_id=story.case_id,
        ending=closing.Ending("resolved", SAID, ground="not_wanted"),
        now=NOW,
    )
    transaction.commit(story.session)
    _, opened = case_records.open_for(story.session, actor=keeper, case_id=story.case_id)
    identities = opened.by_compartment()
    query = select(CustodyEvent).where(CustodyEvent.case_id == story.case_id)
    events = [row for row in story.session.scalars(query) if row.compartment_id in identities]
    said = [custody.open_event(row, identities[row.compartment_id])["sealed"] for row in events]
    assert len(events) > len(VERBS) // 2
    assert not [one for one in said if "Noor" in json.dumps(one)]
    view = cases.show(story.session, actor=keeper, case_id=story.case_id, now=NOW)
    typed = {one.kind for one in view.entries if SAID in one.text}
    assert typed >= {"note", "step", "move", "disclosure", "let_in", "handover", "closing"}


def test_checkpoints_are_signed_heads(story: Story) -> None:
    school_id = story.world.school.id
    checkpoints.make_all(story.session, keys=story.world.keys, now=NOW)
    transaction.commit(story.session)
    kept = checkpoints.newest(story.session, school_id)
    origin = checkpoints.origin_of(school_id)
    public = story.world.keys.checkpoint_key(school_id).public_key()
    found = verify_checkpoint(kept.note, public, origin)
    log = custody.SqlLog(story.session, school_id)
    assert (found.size, found.root) == (log.peek().size, log.peek().root())
    assert verifier_key(origin, public)
    again = checkpoints.make(story.session, school_id=school_id, keys=story.world.keys, now=NOW)
    assert again is not None
    assert again.id == kept.id
