"""The team is given a key after the consent that the text asks, never before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.services import cases, sharing, transaction
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from tests.scenarios.conftest import Walk


def _let_in(walk: Walk, code: str, role: str = "ondersteuningsteam", reason: str = "Bespreking"):
    sharing.let_in(
        walk.session,
        actor=walk.actor,
        case_id=walk.case_id,
        staff_id=walk.world.ids[code],
        role=role,
        reason=reason,
        now=walk.moment,
    )
    transaction.commit(walk.session)


def _refused(walk: Walk, *words: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        _let_in(walk, *words)
    transaction.rollback(walk.session)
    return caught.value.problem


def test_the_support_team_of_borgen_waits_for_pupil_and_parents(
    report: Callable[..., Walk],
) -> None:
    # borgen.txt 34: "met goedkeuring van de leerling en de ouder(s)"
    walk = report("borgen")
    walk.learn("Derde keer.", report_count=3)
    team = walk.world.with_role("ondersteuningsteam")[0]
    told = {one.role: one for one in _to_tell(walk)}
    assert len(told["ondersteuningsteam"].closed) == 2
    walk.do("goedkeuring-ondersteuningsteam", "agreed")
    assert "borgen.txt, regel 34" in _refused(walk, team)
    member = walk.world.actor(walk.session, team)
    with pytest.raises(NotFoundError):
        cases.show(walk.session, actor=member, case_id=walk.case_id, now=walk.moment)
    walk.do("goedkeuring-ouders-ondersteuningsteam", "agreed")
    assert _refused(walk, team, "ondersteuningsteam", " ") == "empty"
    _let_in(walk, team)
    view = cases.show(walk.session, actor=member, case_id=walk.case_id, now=walk.moment)
    assert view.reports[0].answers["story"]["value"]
    assert "ondersteuningsteam" not in {one.role for one in _to_tell(walk)}
    with pytest.raises(ConflictError):
        _let_in(walk, team)
    transaction.rollback(walk.session)


def test_nobody_is_let_in_under_a_role_of_somebody_else(report: Callable[..., Walk]) -> None:
    walk = report("borgen")
    readers = {reader.staff_id for reader in walk.view().readers}
    other = next(
        code for code in walk.world.with_role("mentor") if walk.world.ids[code] not in readers
    )
    assert _refused(walk, other, "schoolleiding") == "unknown"


def _to_tell(walk: Walk):
    return sharing.to_tell(walk.session, actor=walk.actor, case_id=walk.case_id)
