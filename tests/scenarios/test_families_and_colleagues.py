"""What every protocol meets: two families apart, two mentors at once, an owner who is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from portal.services import case_records, case_work, people, people_work, running, transaction
from portal.services.errors import ConflictError
from tests.scenarios.conftest import Walk, at
from tests.services.test_sending import at_once


def _pupil(walk: Walk, name: str, part: str, band: str, *parents: tuple[str, str, bool]) -> None:
    """Write down a pupil with parents: name, authority, and whether they may be told."""
    form = people_work.PersonForm(name=name, part=part, age_band=band)
    given = {"actor": walk.actor, "case_id": walk.case_id, "now": walk.moment}
    key = people_work.add(walk.session, form=form, **given)
    for number, (parent, authority, inform) in enumerate(parents, start=1):
        people_work.set_representative(
            walk.session,
            person_id=key,
            version=number,
            form=people_work.RepresentativeForm(
                name=parent,
                authority=authority,
                inform=inform,
                reason="" if inform else "Gevaar thuis.",
            ),
            **given,
        )
    transaction.commit(walk.session)


def _keys(walk: Walk) -> dict[str, str]:
    """Keys of everybody by name, without whose they are."""
    _case, opened = case_records.open_for(walk.session, actor=walk.actor, case_id=walk.case_id)
    names = people.names_of(people.read(walk.session, opened))
    return {name.partition(",")[0]: key for key, name in names.items()}


def test_each_parent_with_authority_is_asked_apart(report: Callable[..., Walk]) -> None:
    # borgen.txt 25-26: "de ouder(s)/verzorger(s)", both where both decide
    walk = report("borgen")
    _pupil(walk, "Noor", "subject", "13-15", ("Els", "joint", True), ("Wim", "joint", True))
    walk.move("stap-2", "Het hielp niet.")
    key = _keys(walk)
    for action in ("overleg-collega", "plan-bijstellen", "plan-voorleggen"):
        walk.do(action)
    walk.do("akkoord-leerling-stap-2", "agreed", person=key["Noor"])
    gate = "akkoord-ouders-stap-2"
    assert "Kies van wie" in walk.refused(gate, "agreed")
    walk.do(gate, "agreed", person=key["Els"])
    assert "Akkoord van de ouders" in walk.refused("plan-uitvoeren")
    assert [answer.outcome for answer in walk.task(gate).answers] == ["agreed", ""]
    walk.do(gate, "not_reached", person=key["Wim"])
    assert walk.refused("plan-uitvoeren")
    walk.do(gate, "overridden", "Drie keer gebeld en geschreven.", person=key["Wim"])
    walk.do("plan-uitvoeren")


def test_an_eighteen_year_old_decides_alone_and_sixteen_beside_a_parent(
    report: Callable[..., Walk],
) -> None:
    walk = report("borgen")
    _pupil(walk, "Noor", "subject", "18+", ("Els", "joint", True))
    walk.move("stap-2", "Het hielp niet.")
    gate = "akkoord-ouders-stap-2"
    key = _keys(walk)
    assert [one.person for one in walk.task(gate).answers] == [key["Noor"]]
    assert "Vanaf 18" in walk.task(gate).answers[0].why


def test_one_familys_refusal_does_not_touch_the_other(report: Callable[..., Walk]) -> None:
    # oostpoort.txt 346 and 350: the one, and where there is reason the other, each with own parents
    walk = report("oostpoort")
    _pupil(walk, "Noor", "subject", "12", ("Els", "sole", True), ("Kim", "none", True))
    _pupil(walk, "Daan", "accused", "13-15", ("Ria", "joint", True), ("Bas", "joint", False))
    walk.move("ondersteuningsteam", "Het kwam terug.")
    key = _keys(walk)
    walk.do("toestemming-iot-gepeste", "refused", "Liever niet.", person=key["Els"])
    # the answer of the one family cannot be given at the gate of the other
    assert walk.refused("toestemming-iot", "agreed", person=key["Els"])
    assert all(one.outcome == "" for one in walk.task("toestemming-iot").answers)
    walk.do("toestemming-iot", "agreed", person=key["Ria"])
    # who must not be told is not asked: only by name and with a reason
    assert "mag dit niet horen" in walk.refused("toestemming-iot", "agreed", person=key["Bas"])
    walk.do("toestemming-iot", "overridden", "Eerwraak, Veilig Thuis adviseert.", person=key["Bas"])
    walk.do("bespreken-iot")
    assert walk.refused("gepeste-inbrengen")
    assert walk.task("toestemming-iot-gepeste").answers[0].outcome == "refused"


def test_what_was_agreed_before_persons_were_recorded_stays_valid(
    report: Callable[..., Walk],
) -> None:
    walk = report("borgen")
    walk.move("stap-2", "Het hielp niet.")
    walk.do("akkoord-leerling-stap-2", "agreed")
    walk.do("akkoord-ouders-stap-2", "agreed")
    _pupil(walk, "Noor", "subject", "13-15", ("Els", "joint", True))
    assert walk.task("plan-uitvoeren").gates == ()
    # but one of them may take it back
    walk.do("akkoord-ouders-stap-2", "refused", person=_keys(walk)["Els"])
    assert walk.task("plan-uitvoeren").gates == ("akkoord-ouders-stap-2",)


def test_of_two_who_act_at_once_nothing_is_lost(report: Callable[..., Walk]) -> None:
    walk = report("borgen")
    walk.do("gesprek-gepeste")

    def act(place: int) -> None:
        with walk.world.factory() as own:
            key, outcome = (("plan", "done"), ("overleg-gepeste-stap-1", "agreed"))[place]
            case_work.record_step(
                own,
                actor=walk.actor,
                case_id=walk.case_id,
                action_key=key,
                outcome=outcome,
                text=f"nummer {place}",
                now=at("2026-11-17"),
            )
            transaction.commit(own)

    results = at_once(2, act)
    assert all(one is None or isinstance(one, ConflictError) for one in results), results
    walk.session.expire_all()
    kept = {one.text for one in walk.lines("step")}
    # each either stands in the case or was told to try again
    for place, result in enumerate(results):
        assert (f"nummer {place}" in kept) == (result is None)
    assert None in results


def test_while_the_owner_is_away_somebody_else_is_named(report: Callable[..., Walk]) -> None:
    absence = pytest.importorskip("portal.services.absence")
    walk = report("cals", "mentor")
    other = next(
        code for code in walk.world.with_role("mentor") if walk.world.ids[code] != walk.actor.id
    )
    absence.arrange(
        walk.session,
        actor=walk.actor,
        first_on=date(2026, 11, 17),
        last_on=date(2026, 11, 20),
        substitute_id=walk.world.ids[other],
        now=walk.moment,
    )
    transaction.commit(walk.session)
    named = _owner_on(walk, "2026-11-18")
    assert named.member == walk.world.ids[other]
    assert "is er niet" in named.why
    assert _owner_on(walk, "2026-11-23").member == walk.actor.id


def _owner_on(walk: Walk, day: str):
    view = running.show(walk.session, actor=walk.actor, case_id=walk.case_id, now=at(day))
    return view.owners["mentor"]
