"""Who does it today: the owner, a substitute, the duty roster, or the role above."""

from __future__ import annotations

from datetime import date

from portal import protocols
from portal.domain.owners import Absence, Owner, owner_on
from portal.domain.readers import Member, RoleHeld, Roster

TODAY = date(2027, 1, 11)
ROUTE = protocols.load("de-route")


def member(key: str, role: str, substitute: str = "") -> Member:
    return Member(id=key, name=key.title(), roles=(RoleHeld(role),), substitute=substitute)


def roster(*members: Member, on_duty: tuple[tuple[str, str], ...] = ()) -> Roster:
    return Roster(members=members, on_duty=on_duty)


def who(people: Roster, role: str = "coach", **more) -> Owner:
    return owner_on(ROUTE, role, people, on=TODAY, **more)


def away(*keys: str, substitute: str = "") -> list[Absence]:
    return [Absence(key, TODAY, TODAY, substitute) for key in keys]


def test_the_handler_comes_before_another_with_the_role():
    people = roster(member("anna", "coach"), member("bram", "coach"))
    assert who(people, handler="bram").member == "bram"
    assert who(people).member == "anna"
    assert who(people, readers={"bram"}).member == "bram"


def test_an_absent_owner_is_replaced_by_who_was_asked_then_by_the_usual_substitute():
    people = roster(member("anna", "coach", "carla"), member("carla", "x"), member("dirk", "y"))
    usual = who(people, handler="anna", absences=away("anna"))
    assert usual.member == "carla"
    assert usual.why == "Anna is er niet. Carla neemt waar."
    assert who(people, handler="anna", absences=away("anna", substitute="dirk")).member == "dirk"
    tomorrow = [Absence("anna", date(2027, 1, 12), date(2027, 1, 20))]
    assert who(people, handler="anna", absences=tomorrow).member == "anna"


def test_for_a_coach_the_achterwacht_on_duty_stands_in():
    # de-route.txt 184: the achterwacht acts as the coach does
    people = roster(
        member("anna", "coach"),
        member("eva", "achterwacht"),
        member("finn", "achterwacht"),
        on_duty=(("achterwacht", "finn"),),
    )
    assert who(people, handler="anna", absences=away("anna")).member == "finn"
    assert who(people, "achterwacht").member == "finn"


def test_where_nobody_is_left_it_goes_up_and_says_so():
    people = roster(member("anna", "coach"), member("gijs", "teamleider"))
    found = who(people, handler="anna", absences=away("anna"))
    assert (found.member, found.role) == ("gijs", "teamleider")
    assert "Anna is er niet." in found.why
    nobody = who(roster(member("anna", "coach")), handler="anna", absences=away("anna"))
    assert nobody.member == ""
    assert "niemand" in nobody.why
