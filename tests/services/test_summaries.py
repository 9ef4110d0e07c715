"""The summary at a hand-over: prefilled, written, read first by who follows, and sealed."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CustodyEvent, Record
from portal.services import bulk, case_work, summaries, tasks, transaction
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World

SAID = {
    "about": "Buitensluiten in de klasseapp.",
    "agreed": "Iedere maandag even praten.",
    "due": "Ouders bellen.",
    "promised": "Niemand hoort wie het vertelde.",
}


@pytest.fixture
def it(world: World, session: Session) -> Handled:
    return handled(world, session)


def hand_over(
    it: Handled, to: StaffActor, said: dict[str, str] | None, *, keep: bool = True
) -> None:
    summaries.hand_over(
        it.session,
        actor=it.handler,
        case_id=it.case_id,
        to_staff_id=to.id,
        role_key=told.role_of(it.session, to.id),
        reason="Twee klassen.",
        now=NOW,
        keep_reading=keep,
        said=said,
    )
    transaction.commit(it.session)


def unread(it: Handled, actor: StaffActor) -> dict[str, str] | None:
    found = summaries.unread(it.session, actor=actor, case_id=it.case_id)
    return dict(found.said) if found else None


def mark_read(it: Handled, actor: StaffActor) -> None:
    found = summaries.latest(it.session, actor=actor, case_id=it.case_id)
    assert found is not None
    given = {"actor": actor, "case_id": it.case_id, "handover": found.id}
    summaries.mark_read(it.session, now=NOW, **given)
    transaction.commit(it.session)


def test_who_follows_sees_it_until_it_is_read_and_others_never_first(it: Handled) -> None:
    successor = it.part("overseer")
    hand_over(it, successor, SAID)
    assert unread(it, successor) == SAID
    assert unread(it, it.handler) is None
    with pytest.raises(NotFoundError):
        mark_read(it, it.handler)
    mark_read(it, successor)
    before = told.events(it.session, it.world.school.id)
    mark_read(it, successor)
    assert unread(it, successor) is None
    assert told.events(it.session, it.world.school.id) == before
    kept = summaries.latest(it.session, actor=it.handler, case_id=it.case_id)
    assert kept is not None
    assert kept.said == SAID


def test_who_leaves_writes_for_who_follows(it: Handled) -> None:
    successor = it.part("overseer")
    hand_over(it, successor, SAID, keep=False)
    assert unread(it, successor) == SAID
    with pytest.raises(NotFoundError):
        unread(it, it.handler)


def test_what_the_case_says_is_filled_in_and_no_word_of_the_story(it: Handled) -> None:
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    day = date(2026, 11, 20)
    for kind, text, partner in (("agreement", "Maandag praten", "de leerling"),
                                ("task", "Bel de ouders", "")):  # fmt: skip
        tasks.add(
            it.session,
            kind=kind,
            text=text,
            partner=partner,
            due_on=day,
            owner_id=it.handler.id,
            **given,
        )
    case_work.reply(
        it.session, report_id=reports(it)[0], text="Morgen hoor je meer van mij.", **given
    )
    transaction.commit(it.session)
    found = summaries.draft(it.session, actor=it.handler, case_id=it.case_id)
    assert "1A" in found["about"]
    assert "Maandag praten (met de leerling)" in found["agreed"]
    assert "Bel de ouders" in found["due"]
    assert "Morgen hoor je meer van mij." in found["promised"]
    assert told.STORY[:20] not in str(found)


def reports(it: Handled) -> list[str]:
    _case, opened = case_work.case_records.open_for(
        it.session, actor=it.handler, case_id=it.case_id
    )
    return list(opened.reports)


def test_several_at_once_carry_what_each_case_says(it: Handled) -> None:
    successor = it.part("overseer")
    bulk.hand_over(
        it.session,
        actor=it.handler,
        case_ids=[it.case_id],
        to_staff_id=successor.id,
        role_key=told.role_of(it.session, successor.id),
        reason="Vakantie.",
        now=NOW,
    )
    transaction.commit(it.session)
    found = unread(it, successor)
    assert found is not None
    assert "1A" in found["about"]


@pytest.mark.parametrize(
    ("said", "field"),
    [({**SAID, "about": " "}, "about"), ({**SAID, "due": "x" * 5_000}, "due")],
)
def test_a_summary_that_cannot_be_is_refused(it: Handled, said: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        hand_over(it, it.part("overseer"), said)
    assert caught.value.field == field


def test_nothing_of_it_lies_bare(it: Handled) -> None:
    hand_over(it, it.part("overseer"), SAID)
    rows = it.session.scalars(select(Record.ciphertext)).all()
    events = it.session.scalars(select(CustodyEvent.public)).all()
    for text in SAID.values():
        assert not any(text.encode() in row for row in rows)
        assert not any(text in event for event in events)
