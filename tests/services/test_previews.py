"""Previews: made on purpose, once, sealed, and of no other file than they say."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Case, Derivative
from portal.services import cases, evidence, transaction
from portal.services.errors import NotFoundError, RecordMismatchError
from tests.services import world as told
from tests.services.test_sending import at_once
from tests.services.world import NOW, World


def picture(colour: str) -> bytes:
    made = BytesIO()
    Image.new("RGB", (400, 300), colour).save(made, "PNG")
    return made.getvalue()


@pytest.fixture
def case_id(world: World, session: Session) -> str:
    files = (("rood.png", picture("red")), ("blauw.png", picture("blue")), ("a.txt", b"tekst"))
    told.report(world, session, told.answers(world), *files)
    return session.scalars(select(Case.id)).one()


def ids_of(world: World, session: Session, case_id: str) -> dict[str, str]:
    mentor = world.actor(session, world.mentor_of("1A"))
    view = cases.show(session, actor=mentor, case_id=case_id, now=NOW)
    return {item.name: item.id for item in view.evidence}


def look(
    world: World, session: Session, case_id: str, evidence_id: str, kind: str = "clear"
) -> tuple[bytes, str]:
    mentor = world.actor(session, world.mentor_of("1A"))
    item = evidence.find(session, actor=mentor, case_id=case_id, evidence_id=evidence_id)
    made = evidence.preview(session, actor=mentor, store=world.store, item=item, kind=kind, now=NOW)
    transaction.commit(session)
    return made


def test_a_preview_is_made_once_and_stays_the_same(
    world: World, session: Session, case_id: str
) -> None:
    ids = ids_of(world, session, case_id)
    first = look(world, session, case_id, ids["rood.png"])
    assert look(world, session, case_id, ids["rood.png"]) == first
    with Image.open(BytesIO(first[0])) as shown:
        assert shown.convert("RGB").getpixel((200, 150))[0] > 200
    assert look(world, session, case_id, ids["rood.png"], "blurred") != first
    assert len(session.scalars(select(Derivative)).all()) == 2
    assert told.events(session, world.school.id).count("evidence:previewed") == 2
    with pytest.raises(NotFoundError):
        look(world, session, case_id, ids["a.txt"])


def test_two_who_look_at_once_both_see_it(world: World, session: Session, case_id: str) -> None:
    red = ids_of(world, session, case_id)["rood.png"]

    def act(_place: int) -> tuple[bytes, str]:
        with world.factory() as own:
            return look(world, own, case_id, red)

    results = at_once(4, act)
    assert all(isinstance(result, tuple) for result in results), results
    assert len(session.scalars(select(Derivative)).all()) == 1
    assert told.events(session, world.school.id).count("evidence:previewed") == 4


def test_a_preview_put_in_the_place_of_another_is_refused(
    world: World, session: Session, case_id: str
) -> None:
    ids = ids_of(world, session, case_id)
    for name in ("rood.png", "blauw.png"):
        look(world, session, case_id, ids[name])
    rows = {row.evidence_id: row for row in session.scalars(select(Derivative))}
    red, blue = rows[ids["rood.png"]], rows[ids["blauw.png"]]
    for change in ({"ciphertext": blue.ciphertext}, {"media_type": "text/html"}):
        before = {name: getattr(red, name) for name in change}
        session.execute(update(Derivative).where(Derivative.id == red.id).values(change))
        session.commit()
        session.expire_all()
        with pytest.raises(RecordMismatchError):
            look(world, session, case_id, ids["rood.png"])
        transaction.rollback(session)
        session.execute(update(Derivative).where(Derivative.id == red.id).values(before))
        session.commit()
        session.expire_all()
    assert look(world, session, case_id, ids["rood.png"])
