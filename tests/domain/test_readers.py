"""From a decision to people: never the excluded, always two, and told in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal import protocols
from portal.domain.facts import Facts
from portal.domain.readers import Member, RoleHeld, Roster, choose_readers, unready_routes
from portal.domain.routing import route

CALS = protocols.load("cals")
ROUTE = protocols.load("de-route")
MENTOR = Member(id="m", name="M. Mentor", roles=(RoleHeld("mentor", classes=("2b",)),))
OTHER = Member(id="o", name="O. Ander", roles=(RoleHeld("mentor", classes=("3a",)),))
COORDINATOR = Member(
    id="c", name="C. Coord", roles=(RoleHeld("leerlingcoordinator", years=("2",)),)
)
UPPER = Member(id="u", name="U. Boven", roles=(RoleHeld("leerlingcoordinator", years=("3",)),))
HEAD = Member(id="h", name="H. Hoofd", roles=(RoleHeld("schoolleiding"),))
BOARD = Member(id="b", name="B. Bestuur", roles=(RoleHeld("bestuur"),))
CHAIR = Member(id="t", name="T. Toezicht", roles=(RoleHeld("bevoegd-gezag"),))
CONFIDANT = Member(id="v", name="V. Vertrouwd", roles=(RoleHeld("vertrouwenspersoon"),))
STAFF = (MENTOR, OTHER, COORDINATOR, UPPER, HEAD, BOARD, CHAIR, CONFIDANT)
CLASSES = (("2b", "2"), ("3a", "3"))


def roster(*members: Member, **changes) -> Roster:
    return replace(Roster(members=members or STAFF, classes=CLASSES), **changes)


def ids(readers) -> list[str]:
    return [reader.id for reader in readers]


def without(member: Member) -> tuple[Member, ...]:
    return tuple(one for one in STAFF if one.id != member.id)


def test_the_mentor_of_that_class_handles_and_the_coordinator_of_that_year_oversees():
    found = choose_readers(route(CALS, Facts()), CALS, roster(), classes=("2b",))
    assert ids(found.handlers) == ["m"]
    assert ids(found.overseers) == ["c"]
    assert not found.fallback_used
    assert found.enough
    assert "M. Mentor" in found.explanation[0]


def test_without_a_class_the_coordinators_receive_it_and_the_reason_is_said():
    found = choose_readers(route(CALS, Facts()), CALS, roster())
    assert ids(found.handlers) == ["c", "u"]
    assert ids(found.overseers) == ["h"]
    assert found.fallback_used
    assert "klas is niet bekend" in found.explanation[0]


@pytest.mark.parametrize("flaw", ["active", "activated", "confirmed"])
def test_who_cannot_read_is_passed_over_upward(flaw):
    members = (replace(MENTOR, **{flaw: False}), *without(MENTOR))
    found = choose_readers(route(CALS, Facts()), CALS, roster(*members), classes=("2b",))
    assert ids(found.handlers) == ["c"]
    assert ids(found.overseers) == ["h"]
    assert "M. Mentor" in found.explanation[0]
    assert "in plaats daarvan" in found.explanation[1]


def test_a_stand_in_reads_too_and_takes_over_when_the_holder_cannot():
    held = replace(MENTOR, substitute="o")
    found = choose_readers(
        route(CALS, Facts()), CALS, roster(held, *without(MENTOR)), classes=("2b",)
    )
    assert (ids(found.handlers), ids(found.substitutes)) == (["m"], ["o"])
    away = replace(held, activated=False)
    found = choose_readers(
        route(CALS, Facts()), CALS, roster(away, *without(MENTOR)), classes=("2b",)
    )
    assert (ids(found.handlers), ids(found.substitutes)) == (["o"], [])


def test_not_this_person_goes_up_and_their_stand_in_stays_out():
    held = replace(MENTOR, substitute="o")
    found = choose_readers(
        route(CALS, Facts()),
        CALS,
        roster(held, *without(MENTOR)),
        classes=("2b",),
        excluded=("m",),
    )
    assert ids(found.handlers) == ["c"]
    assert {"m", "o"}.isdisjoint(ids(found.people))
    assert "C. Coord" in " ".join(found.explanation)


def test_an_emptied_chain_ends_at_the_board():
    found = choose_readers(
        route(CALS, Facts()), CALS, roster(), classes=("2b",), excluded=("m", "c", "u", "h")
    )
    assert ids(found.handlers) == ["b"]
    assert ids(found.overseers) == ["t"]
    assert found.enough


def test_only_the_stand_in_of_who_handles_reads_along():
    third = Member(id="d", name="D. Derde", roles=(RoleHeld("bpo-er"),))
    fourth = Member(id="e", name="E. Vierde", roles=(RoleHeld("bpo-er"),))
    people = (
        replace(MENTOR, substitute="d"),
        replace(OTHER, substitute="e"),
        COORDINATOR,
        UPPER,
        HEAD,
        third,
        fourth,
    )
    decision = route(CALS, Facts(class_relation="same"))
    found = choose_readers(decision, CALS, roster(*people), classes=("2b", "3a"), preferred="m")
    assert ids(found.handlers) == ["m"]
    assert ids(found.substitutes) == ["d"]


def test_the_duty_roster_decides_who_stands_in_for_the_coach():
    coach = Member(id="k", name="K. Coach", roles=(RoleHeld("coach", classes=("2b",)),))
    lead = Member(id="l", name="L. Leider", roles=(RoleHeld("teamleider", years=("2",)),))
    duty = tuple(
        Member(id=who, name=who.upper(), roles=(RoleHeld("achterwacht"),)) for who in "xyz"
    )
    today = roster(coach, lead, *duty, on_duty=(("achterwacht", "y"),))
    found = choose_readers(route(ROUTE, Facts()), ROUTE, today, classes=("2b",))
    assert (ids(found.handlers), ids(found.overseers)) == (["k"], ["l"])
    assert ids(found.substitutes) == ["y"]


def test_rather_with_someone_else_makes_them_the_handler():
    found = choose_readers(route(CALS, Facts()), CALS, roster(), classes=("2b",), preferred="o")
    assert ids(found.handlers) == ["o"]
    assert "m" not in ids(found.people)
    assert "O. Ander" in found.explanation[0]


def test_rather_with_the_confidant_means_support_not_handling():
    found = choose_readers(route(CALS, Facts()), CALS, roster(), classes=("2b",), preferred="v")
    assert ids(found.handlers) == ["m"]
    assert ids(found.also_notified) == ["v"]


def test_a_wish_for_someone_excluded_is_not_met():
    found = choose_readers(
        route(CALS, Facts()), CALS, roster(), classes=("2b",), preferred="o", excluded=("o",)
    )
    assert ids(found.handlers) == ["m"]


def test_a_report_about_a_mentor_reaches_no_mentor_by_any_way():
    decision = route(CALS, Facts(accused="staff", accused_roles=("mentor",)))
    found = choose_readers(decision, CALS, roster(), classes=("2b",), preferred="m")
    assert ids(found.handlers) == ["h"]
    assert ids(found.overseers) == ["b"]
    assert ids(found.also_notified) == ["v"]
    wished = choose_readers(decision, CALS, roster(), classes=("2b",), preferred="c")
    assert ids(wished.handlers) == ["h"]


def test_who_holds_an_excluded_role_beside_another_stays_out():
    both = replace(HEAD, roles=(RoleHeld("schoolleiding"), RoleHeld("mentor", classes=("3a",))))
    decision = route(CALS, Facts(accused="staff", accused_roles=("mentor",)))
    found = choose_readers(decision, CALS, roster(both, *without(HEAD)))
    assert ids(found.handlers) == ["b"]
    assert found.fallback_used


def test_roles_behind_a_gate_wait():
    team = Member(id="i", name="I. Team", roles=(RoleHeld("ondersteuningsteam"),))
    protocol = protocols.load("oostpoort")
    decision = route(protocol, Facts(report_count=3))
    found = choose_readers(decision, protocol, roster(*STAFF, team), classes=("2b",))
    assert "i" not in ids((*found.people, *found.also_notified))
    assert found.waiting == (("ondersteuningsteam", ("toestemming-iot",)),)


def test_too_few_people_is_said():
    found = choose_readers(route(CALS, Facts()), CALS, roster(MENTOR), classes=("2b",))
    assert not found.enough
    assert "geen twee mensen" in found.explanation[-1]


def test_a_school_is_ready_when_every_route_ends_in_two_people():
    assert unready_routes(CALS, roster()) == []
    thin = unready_routes(CALS, roster(*without(CHAIR)))
    assert thin == [
        "Melding over schoolleiding, bestuur: alleen B. Bestuur kan lezen. Er zijn er twee nodig."
    ]
    alone = unready_routes(CALS, roster(MENTOR))
    assert any("klas 2b" in reason and "M. Mentor" in reason for reason in alone)
    assert any("klas niet bekend" in reason and "niemand" in reason for reason in alone)


MEMBERS = st.lists(
    st.builds(
        Member,
        id=st.sampled_from("abcdefgh"),
        name=st.just("N."),
        roles=st.lists(
            st.builds(
                RoleHeld,
                role=st.sampled_from([role.key for role in CALS.roles]),
                classes=st.sampled_from([(), ("2b",), ("3a",)]),
                years=st.sampled_from([(), ("2",)]),
            ),
            max_size=2,
        ).map(tuple),
        activated=st.booleans(),
        substitute=st.sampled_from(["", *"abcdefgh"]),
    ),
    max_size=7,
    unique_by=lambda member: member.id,
)


@settings(max_examples=200, deadline=None)
@given(
    members=MEMBERS,
    facts=st.builds(
        Facts,
        class_relation=st.sampled_from(["same", "different", "unknown"]),
        report_count=st.sampled_from([None, 1, 2]),
        accused=st.sampled_from(["pupil", "staff"]),
    ),
    excluded=st.sets(st.sampled_from("abcdefgh"), max_size=4),
    preferred=st.sampled_from(["", *"abcdefgh"]),
    classes=st.sampled_from([(), ("2b",), ("2b", "3a"), ("9z",)]),
)
def test_nobody_excluded_or_unable_ever_reads(members, facts, excluded, preferred, classes):
    decision = route(CALS, facts)
    found = choose_readers(
        decision,
        CALS,
        roster(*members) if members else Roster(members=()),
        classes=classes,
        excluded=excluded,
        preferred=preferred,
    )
    by_id = {member.id: member for member in members}
    for reader in (*found.people, *found.also_notified):
        member = by_id[reader.id]
        assert member.usable
        assert reader.id not in excluded
        assert not {held.role for held in member.roles} & set(decision.excluded)
    everyone = ids((*found.people, *found.also_notified))
    assert len(everyone) == len(set(everyone))
    assert found.explanation
    assert found.enough == (len(found.people) >= 2)
