"""Pictures that look alike: recognised after what phones do to them, and only suggested."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from itertools import combinations

import pytest
from PIL import Image, ImageDraw, ImageFilter
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store.inspect import make_preview
from evidence_store.inspect.likeness import of_picture
from evidence_store.inspect.sandbox import BytesSource
from portal.domain.likeness import alike
from portal.models import Case, Derivative, EvidenceItem, Record, Report
from portal.services import (
    cards,
    cases,
    evidence,
    likeness,
    links,
    quarantine,
    transaction,
)
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.world import NOW, World

HOW_MANY = 12
Change = Callable[[Image.Image], Image.Image]


def photo(seed: int) -> Image.Image:
    """Blotches of colour with a few shapes, as a photo without anybody in it."""
    dice = random.Random(seed)
    colours = [tuple(dice.randrange(256) for _ in range(3)) for _ in range(12 * 9)]
    picture = Image.new("RGB", (12, 9))
    for place, colour in enumerate(colours):
        picture.putpixel((place % 12, place // 12), colour)
    picture = picture.resize((1200, 900), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for colour in colours[:12]:
        left, top, size = dice.randrange(1100), dice.randrange(800), dice.randrange(50, 400)
        draw.ellipse((left, top, left + size, top + size * 0.8), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(2))


def chat(seed: int) -> Image.Image:
    """A screenshot of a conversation, in the colours that all of them have."""
    dice, picture = random.Random(seed), Image.new("RGB", (720, 1480), (236, 229, 221))
    draw, top = ImageDraw.Draw(picture), 140
    draw.rectangle((0, 0, 720, 110), fill=(7, 94, 84))
    while top < 1350:
        high, wide, left = dice.choice((60, 90, 120, 180, 260)), dice.randrange(200, 560), 20
        if dice.random() < 0.5:
            left = 700 - wide
        fill = (255, 255, 255) if left == 20 else (220, 248, 198)
        draw.rounded_rectangle((left, top, left + wide, top + high), 16, fill=fill)
        for line in range(high // 30 - 1):
            draw.text((left + 15, top + 12 + 30 * line), "woorden " * 3, fill=(0, 0, 0))
        top += high + dice.choice((10, 24, 60))
    return picture


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    made = io.BytesIO()
    picture.convert("RGB").save(made, "JPEG", quality=quality)
    return made.getvalue()


def compressed(picture: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(jpeg(picture, 25)))


def resized(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 3, picture.height // 3))


def cropped(picture: Image.Image) -> Image.Image:
    wide, high = picture.size
    return picture.crop((wide // 50, high // 50, wide - wide // 50, high - high // 50))


def without_colour(picture: Image.Image) -> Image.Image:
    return picture.convert("L")


@pytest.mark.parametrize("make", [photo, chat])
@pytest.mark.parametrize("change", [compressed, resized, cropped, without_colour])
def test_the_same_picture_is_recognised_after(
    make: Callable[[int], Image.Image], change: Change
) -> None:
    for seed in range(HOW_MANY):
        picture = make(seed)
        assert alike([of_picture(change(picture))], [of_picture(picture)]), seed


@pytest.mark.parametrize("make", [photo, chat])
def test_another_picture_is_not(make: Callable[[int], Image.Image]) -> None:
    marks = [of_picture(make(seed)) for seed in range(HOW_MANY)]
    assert all(marks)
    assert [pair for pair in combinations(marks, 2) if alike(pair[:1], pair[1:])] == []
    assert alike(marks, marks) == HOW_MANY


def test_of_an_even_picture_nothing_is_said() -> None:
    assert of_picture(Image.new("RGB", (400, 300), "white")) == ""


def test_the_child_gives_the_mark_of_an_image_blurred_or_not() -> None:
    data = jpeg(photo(1))
    made = [
        make_preview(BytesSource(data), media_type="image/jpeg", max_px=size, blur=blur)
        for size, blur in ((320, True), (1600, False))
    ]
    assert alike([made[0].likeness], [made[1].likeness])
    text = make_preview(BytesSource(b"hoi"), media_type="text/plain", max_px=320, blur=False)
    assert text.likeness == ""


def tell(world: World, session: Session, name: str, data: bytes) -> Case:
    receipt = told.report(world, session, told.answers(world), (name, data))
    return session.scalars(select(Case).where(Case.label == receipt.label)).one()


def mentor(world: World, session: Session) -> StaffActor:
    return world.actor(session, world.mentor_of("1A"))


def item_of(world: World, session: Session, case: Case) -> evidence.OpenItem:
    query = select(EvidenceItem.id).join(Report, Report.id == EvidenceItem.report_id)
    evidence_id = session.scalars(query.where(Report.case_id == case.id)).one()
    return evidence.find(
        session, actor=mentor(world, session), case_id=case.id, evidence_id=evidence_id
    )


def look(world: World, session: Session, case: Case, kind: str = "clear") -> None:
    """See a picture on purpose, or its tile."""
    likeness.show(
        session,
        actor=mentor(world, session),
        store=world.store,
        item=item_of(world, session, case),
        kind=kind,
        now=NOW,
    )
    transaction.commit(session)


def suggested(world: World, session: Session, case: Case) -> list[tuple[str, int, int]]:
    found = links.suggestions(session, actor=mentor(world, session), case_id=case.id)
    return [(one.label, one.pictures, one.alike) for one in found]


def test_a_picture_like_one_of_another_case_is_suggested_and_linked_by_a_person(
    world: World, session: Session
) -> None:
    first = tell(world, session, "schermafbeelding.jpg", jpeg(photo(1)))
    again = tell(world, session, "doorgestuurd.jpg", jpeg(cropped(photo(1)), 40))
    other = tell(world, session, "iets-anders.jpg", jpeg(photo(2)))
    assert suggested(world, session, first) == []  # nobody looked yet
    for case in (first, again, other):
        look(world, session, case)
    assert suggested(world, session, first) == [(again.label, 0, 1)]
    assert suggested(world, session, again) == [(first.label, 0, 1)]
    assert suggested(world, session, other) == []
    assert links.links_of(session, actor=mentor(world, session), case_id=first.id) == []


def test_a_tile_is_no_event_and_counts_once_a_case_is_opened_again(
    world: World, session: Session
) -> None:
    first = tell(world, session, "a.jpg", jpeg(photo(1)))
    again = tell(world, session, "b.jpg", jpeg(resized(photo(1))))
    before = told.events(session, world.school.id)
    for case in (first, again):
        look(world, session, case, "blurred")
    assert told.events(session, world.school.id) == before
    actor = mentor(world, session)
    cases.note_reading(session, actor=actor, case_id=first.id, now=NOW)
    transaction.commit(session)
    assert suggested(world, session, again) == [(first.label, 0, 1)]


def test_the_mark_lies_sealed_and_looking_again_writes_nothing(
    world: World, session: Session
) -> None:
    case = tell(world, session, "schermafbeelding.jpg", jpeg(photo(1)))
    look(world, session, case)
    mark = cards.cards_of(session, mentor(world, session))[0].words.marks[0].encode()
    written = session.scalars(select(Record.ciphertext)).all()
    kept = session.scalars(select(Derivative.ciphertext)).all()
    assert len(kept) == 2
    assert not any(mark in one for one in (*written, *kept))
    records = session.scalars(select(Record.id).order_by(Record.id)).all()
    look(world, session, case)
    assert session.scalars(select(Record.id).order_by(Record.id)).all() == records


def test_a_picture_that_is_closed_off_leaves_the_card(world: World, session: Session) -> None:
    first = tell(world, session, "a.jpg", jpeg(photo(1)))
    again = tell(world, session, "b.jpg", jpeg(resized(photo(1))))
    for case in (first, again):
        look(world, session, case)
    actor = mentor(world, session)
    item = item_of(world, session, again)
    quarantine.close_off(
        session,
        actor=actor,
        store=world.store,
        case_id=again.id,
        evidence_id=item.row.id,
        now=NOW,
    )
    transaction.commit(session)
    assert not session.scalars(
        select(Derivative).where(Derivative.evidence_id == item.row.id)
    ).all()
    assert suggested(world, session, first) == []
