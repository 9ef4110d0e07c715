"""Cases that belong together: suggested from cards, confirmed by a person, never merged."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Case, Wrap
from portal.services import cases, links, rerouting, transaction
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.staff import StaffActor
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World

ACCUSED = {"accused": "Mees Verzonnen"}


@pytest.fixture
def two(world: World, session: Session) -> tuple[Handled, Handled]:
    return handled(world, session, people=ACCUSED), handled(world, session, people=ACCUSED)


def label(session: Session, case_id: str) -> str:
    return session.get_one(Case, case_id).label


def confirm(one: Handled, other: Handled, kind: str, by: StaffActor | None = None) -> None:
    links.confirm(
        one.session,
        actor=by or one.handler,
        case_id=one.case_id,
        label=label(one.session, other.case_id),
        kind=kind,
        reason="Dezelfde leerling.",
        now=NOW,
    )
    transaction.commit(one.session)


def found(it: Handled, actor: StaffActor | None = None) -> list[tuple[str, str, int]]:
    who = actor or it.handler
    shown = links.links_of(it.session, actor=who, case_id=it.case_id)
    return [(one.case_id, one.kind, one.count) for one in shown]


def test_the_same_name_suggests_and_only_a_person_links(two: tuple[Handled, Handled]) -> None:
    one, other = two
    given = {"actor": one.handler, "case_id": one.case_id}
    suggested = links.suggestions(one.session, **given)
    assert [(item.case_id, item.shared) for item in suggested] == [
        (other.case_id, ("Mees Verzonnen",))
    ]
    assert found(one) == []
    confirm(one, other, "same_incident")
    assert found(one) == [(other.case_id, "same_incident", 1)]
    assert found(other) == [(one.case_id, "same_incident", 1)]
    assert links.suggestions(one.session, **given) == []
    with pytest.raises(ConflictError):
        confirm(one, other, "other")


def test_linking_gives_nobody_a_key(two: tuple[Handled, Handled]) -> None:
    one, other = two
    before = set(one.session.scalars(select(Wrap.id)))
    confirm(one, other, "same_incident")
    assert set(one.session.scalars(select(Wrap.id))) == before


def test_a_link_is_shown_only_to_who_reads_both(world: World, session: Session) -> None:
    one = handled(world, session)
    shut_out = one.part("overseer")
    other = handled(world, session, readers={"exclude": [shut_out.id]})
    confirm(one, other, "counter_report")
    assert found(one) == [(other.case_id, "counter_report", 1)]
    assert found(one, shut_out) == []
    view = cases.show(session, actor=shut_out, case_id=one.case_id, now=NOW)
    assert label(session, other.case_id) not in str(view)
    assert other.case_id not in str(view)


def test_a_case_one_does_not_read_is_as_unknown_as_none(world: World, session: Session) -> None:
    one = handled(world, session)
    shut_out = one.part("overseer")
    other = handled(world, session, readers={"exclude": [shut_out.id]})
    told = []
    for named in (label(session, other.case_id), "99-999", label(session, one.case_id)):
        with pytest.raises(InvalidInputError) as caught:
            links.confirm(
                session,
                actor=shut_out,
                case_id=one.case_id,
                label=named,
                kind="other",
                reason="x",
                now=NOW,
            )
        told.append((caught.value.field, caught.value.problem))
    assert set(told) == {("label", "no_case")}


@pytest.mark.parametrize("kind", links.KINDS)
def test_only_a_new_incident_raises_the_number_and_proposes_a_step(
    two: tuple[Handled, Handled], kind: str
) -> None:
    one, other = two
    confirm(one, other, kind)
    given = {"actor": one.handler, "case_id": one.case_id}
    count, proposal = links.moves(one.session, **given)
    if kind != "new_incident":
        assert (count, proposal) == (1, None)
        return
    assert count == 2
    assert proposal is not None
    assert proposal.step == "fase-2"
    rerouting.settle(
        one.session, learned={"report_count": count}, accept=False, reason="x", now=NOW, **given
    )
    transaction.commit(one.session)
    assert links.moves(one.session, **given) == (2, None)


def test_a_link_is_taken_back_on_both_sides(two: tuple[Handled, Handled]) -> None:
    one, other = two
    confirm(one, other, "new_incident")
    shown = links.links_of(one.session, actor=one.handler, case_id=one.case_id)
    links.undo(
        other.session,
        actor=other.handler,
        case_id=other.case_id,
        link_id=shown[0].id,
        reason="Toch een ander.",
        now=NOW,
    )
    transaction.commit(one.session)
    assert found(one) == found(other) == []
    assert links.moves(one.session, actor=one.handler, case_id=one.case_id) == (1, None)


def number(it: Handled, actor: StaffActor | None = None) -> int:
    who = actor or it.handler
    return links.moves(it.session, actor=who, case_id=it.case_id)[0]


def test_a_chain_counts_each_incident_once_wherever_it_was_linked(
    world: World, session: Session
) -> None:
    first, second, third, again = (handled(world, session, people=ACCUSED) for _ in range(4))
    confirm(first, second, "new_incident")
    confirm(second, third, "new_incident")
    assert [number(one) for one in (first, second, third)] == [3, 3, 3]
    confirm(first, third, "new_incident")  # that round says nothing new
    confirm(third, again, "same_incident")
    assert [number(one) for one in (first, again)] == [3, 3]
    proposal = links.moves(session, actor=again.handler, case_id=again.case_id)[1]
    assert proposal is not None
    assert proposal.step == "fase-2"
    other = handled(world, session, people=ACCUSED)
    confirm(first, other, "counter_report")
    assert (number(first), number(other)) == (3, 1)


def test_the_number_falls_when_a_link_in_the_middle_goes(world: World, session: Session) -> None:
    first, second, third = (handled(world, session, people=ACCUSED) for _ in range(3))
    confirm(first, second, "new_incident")
    confirm(second, third, "new_incident")
    shown = links.links_of(session, actor=second.handler, case_id=second.case_id)
    between = next(one for one in shown if one.case_id == first.case_id)
    links.undo(
        session,
        actor=second.handler,
        case_id=second.case_id,
        link_id=between.id,
        reason="Toch een ander.",
        now=NOW,
    )
    transaction.commit(session)
    assert [number(one) for one in (first, second, third)] == [1, 2, 2]


def test_a_number_tells_nothing_of_a_case_that_one_does_not_read(
    world: World, session: Session
) -> None:
    one = handled(world, session)
    shut_out = one.part("overseer")
    kept, further = (
        handled(world, session, readers={"exclude": [shut_out.id]}),
        handled(world, session),
    )
    confirm(one, kept, "new_incident")
    confirm(kept, further, "new_incident")
    assert (number(one), number(further)) == (3, 3)
    assert (number(one, shut_out), number(further, shut_out)) == (1, 1)
