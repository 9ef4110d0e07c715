"""Who gets the reporter's name with "whoever handles it": nobody whom the reporter does not see."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CaseReader
from portal.services import disclosure, handing, involved, renaming, reporter, transaction
from portal.services.errors import InvalidInputError
from portal.services.roster import roster_of
from tests.services.story import Story, make_story
from tests.services.test_reins import findings, holders, rename
from tests.services.world import NOW, World


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    return make_story(world, session)


def withhold(story: Story) -> None:
    disclosure.withhold(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        lines=[],
        onward=True,
        ground="staff",
        text="Eerst uitzoeken.",
        now=NOW,
    )
    transaction.commit(story.session)


def hand_over(story: Story, staff_id: str) -> None:
    role = story.case.role_key
    roster = {one.id: one for one in roster_of(story.session, story.world.school.id).members}
    held = {one.role for one in roster[staff_id].roles}
    handing.hand_over(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        to_staff_id=staff_id,
        role_key=role if role in held else min(held),
        reason="Ziek.",
        now=NOW,
    )
    transaction.commit(story.session)


@pytest.mark.parametrize("withheld", [False, True])
def test_a_handler_whom_the_reporter_does_not_see_gets_no_name_with_handlers(
    story: Story, withheld: bool
) -> None:
    """The reporter meant the handlers on the page, and the page must not tell of another."""
    before = set(rename(story, who="handlers"))
    if withheld:
        withhold(story)
    new = story.newcomer()
    hand_over(story, new)
    assert holders(story) == (before if withheld else before | {new})
    seen = {one.staff_id for one in reporter.view(story.session, live=story.live).readers}
    assert (new in seen) is not withheld
    # Chosen once more, by hand: still only whom the page shows.
    assert (new in rename(story, who="handlers")) is not withheld
    if withheld:
        with pytest.raises(InvalidInputError):
            rename(story, who="persons", staff=(new,))
        transaction.rollback(story.session)
    assert (new in renaming.current(story.session, live=story.live).staff) is not withheld
    assert findings(story) == []


def test_a_handler_who_is_excluded_gets_no_name_with_handlers(story: Story) -> None:
    """Also not where a row of the database says that this person reads it."""
    out = story.of_part("overseer")
    actor = story.world.actor(story.session, story.world.code_of(out))
    involved.step_out(
        story.session,
        actor=actor,
        case_id=story.case_id,
        reason="",
        reader_id=story.newcomer(),
        now=NOW,
    )
    transaction.commit(story.session)
    rows = select(CaseReader).where(CaseReader.staff_id == out)
    story.session.scalars(rows).one().until = None
    transaction.commit(story.session)
    assert out not in rename(story, who="handlers")
    assert out not in holders(story)
