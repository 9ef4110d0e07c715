"""The card of a case: who can open it, what stands on it, and that nothing of it lies bare."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from portal.domain.card import words_of
from portal.models import Record, Wrap
from portal.services import cards, cases, keys, search, transaction
from tests.services import world as told
from tests.services.world import NOW

ACCUSED_CLASS = "1B"
WHO = {
    "people": {"accused": "Joris Ström\nde Kraai", "witnesses": "Noor"},
    "online": {
        "happened": "yes",
        "incidents": [{"account": "@kraai_2b", "url": "https://video.example/k/77"}],
    },
    "name": {"who": "handlers", "name": "Fenna Voorbeeldkind"},
}
ON_THE_CARD = (
    "joris", "strom", "STRÖM joris", "kraai_2b", "video.example", "1A", "Noor kraai",
)  # fmt: skip
NOT_ON_IT = ("Fenna", "Voorbeeldkind", "groep", "raai", "joris fenna", "x", "")


@pytest.fixture
def sent(world, session):
    """One report, kept from one mentor, and who may read it."""
    shut_out = world.mentor_of(ACCUSED_CLASS)
    kept = {"exclude": [world.ids[shut_out]]}
    receipt = told.report(world, session, told.answers(world, readers=kept, **WHO))
    actor = world.actor(session, world.mentor_of("1A"))
    row = next(one for one in cases.all_rows(session, actor=actor) if one.label == receipt.label)
    return actor, world.actor(session, shut_out), row


def find(session, actor, text):
    return search.find(session, actor=actor, text=text, now=NOW)


def test_a_reader_finds_a_case_by_its_card_and_nobody_by_what_is_not_on_it(sent, session):
    actor, shut_out, row = sent
    for text in (*ON_THE_CARD, row.label.lower()):
        found = find(session, actor, text)
        assert [one.label for one in found.rows] == [row.label], text
        assert found.missing == 0
        kept_out = find(session, shut_out, text)
        assert (kept_out.rows, kept_out.more, kept_out.missing) == ([], 0, 0), text
    for text in NOT_ON_IT:
        found = find(session, actor, text)
        assert found is None or found.rows == [], text
    assert cards.cards_of(session, shut_out) == []


def test_nothing_of_a_card_lies_bare_and_small_ones_are_alike(sent, session, world):
    told.report(world, session, told.answers(world))
    rows = list(session.scalars(select(Record).where(Record.kind == cards.CARD)))
    assert len(rows) == 2
    assert len({len(row.ciphertext) for row in rows}) == 1
    assert not any(b"kraai" in row.ciphertext.lower() for row in rows)
    read = cards.read(session, sent[0], most=1)  # no more than there is time for
    assert (len(read.cards), read.missing) == (1, 1)


def test_a_card_that_cannot_be_opened_is_counted(sent, session):
    actor, _, row = sent
    session.execute(delete(Record).where(Record.kind == cards.CARD))
    transaction.commit(session)
    found = find(session, actor, "joris")
    assert (found.rows, found.missing) == ([], 1)
    cases.note_reading(session, actor=actor, case_id=row.id, now=NOW)
    transaction.commit(session)
    assert [one.id for one in find(session, actor, "joris").rows] == [row.id]
    # Somebody who is said to read it, and holds no key.
    session.execute(delete(Wrap).where(Wrap.holder_id == actor.id))
    transaction.commit(session)
    assert find(session, actor, "joris").missing == 1


def test_a_key_that_the_log_does_not_name_opens_no_card(sent, session):
    actor, _, row = sent
    forged = keys.new_compartment(
        session, school_id=actor.school_id, kind=keys.CASE, case_id=row.id, epoch=9
    )
    session.execute(delete(Record).where(Record.kind == cards.CARD))
    keys.wrap(
        session, forged, holder_kind=keys.STAFF, holder_id=actor.id, recipient=actor.recipient
    )
    cards.begin(session, case_key=forged, answers={}, classes=["Verzonnen"], now=NOW)
    transaction.commit(session)
    assert find(session, actor, "verzonnen").rows == []


def test_a_new_picture_and_a_renamed_class_come_onto_the_card(world, session):
    told.report(world, session, told.answers(world), ("foto.png", b"geen echt beeld" * 9))
    actor = world.actor(session, world.mentor_of("1A"))
    (row,) = cases.all_rows(session, actor=actor)
    assert cards.cards_of(session, actor)[0].words.pictures == ()
    cases.note_reading(session, actor=actor, case_id=row.id, now=NOW)
    transaction.commit(session)
    (card,) = cards.cards_of(session, actor)
    assert len(card.words.pictures[0]) == 64
    assert card.words.classes == ("1A",)


def test_many_and_long_words_stay_within_bounds():
    lines = "\n".join(f"{number} " + "a" * 500 for number in range(300))
    words = words_of({"people": {"value": {"accused": lines}}})
    assert len(words.names) <= 60
    assert max(map(len, words.names)) <= 200
