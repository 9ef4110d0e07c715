"""A measure is recorded only when no rule of the school or the law forbids it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from portal.domain.hard_rules import Measure
from portal.services import measure_record, sanctions, tasks, transaction
from portal.services.errors import InvalidInputError
from tests.services import world as told
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World

TODAY = NOW.date()
DAY = date(2026, 11, 17)
NAMED = {"who": "handlers", "name": "Fenna Voorbeeldkind"}
WARNING = Measure(kind="sanction", reason="Weer in de groep gezet.")


def suspension(days: int) -> Measure:
    last = DAY + timedelta(days - 1)
    return Measure(
        kind="suspension",
        first=DAY,
        last=last,
        reason="Dreigen bij de poort.",
        in_writing=True,
        return_talk=last + timedelta(1),
    )


def take(it: Handled, measure: Measure, form: str = "warning") -> None:
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    sanctions.take(it.session, measure=measure, form=form, text=measure.reason, **given)
    transaction.commit(it.session)


def prepare(it: Handled, what: str, role: str = "", on: date = TODAY) -> None:
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    sanctions.prepare(it.session, what=what, role=role, on=on, text="Op kantoor.", **given)
    transaction.commit(it.session)


def refused(it: Handled, measure: Measure) -> str:
    with pytest.raises(InvalidInputError) as caught:
        take(it, measure)
    transaction.rollback(it.session)
    assert sanctions.show(it.session, actor=it.handler, case_id=it.case_id).taken == []
    return caught.value.problem


def prepare_all(it: Handled) -> None:
    for what in measure_record.GROUNDS:
        if what != measure_record.APPROVED:
            prepare(it, what)
    for role, _label in sanctions.show(it.session, actor=it.handler, case_id=it.case_id).roles:
        prepare(it, measure_record.APPROVED, role)


def test_a_report_without_a_name_alone_never_leads_to_a_measure(
    world: World, session: Session
) -> None:
    it = handled(world, session)
    assert "melding zonder naam" in refused(it, WARNING)


def test_a_suspension_is_at_most_a_week_and_makes_its_duties_tasks(
    world: World, session: Session
) -> None:
    it = handled(world, session, name=NAMED)
    prepare_all(it)
    assert "Hooguit" in refused(it, suspension(8))
    assert "papier" in refused(it, Measure(kind="suspension", first=DAY, last=DAY, reason="x"))
    take(it, suspension(3))
    shown = sanctions.show(it.session, actor=it.handler, case_id=it.case_id)
    assert [(one.measure.kind, one.measure.days) for one in shown.taken] == [("suspension", 3)]
    due = tasks.tasks_of(it.session, actor=it.handler, case_id=it.case_id)
    words = " ".join(one.text for one in due).lower()
    assert "inspectie" in words
    assert "leerplicht" in words
    dated = {one.kind: one.due_on for one in due if one.kind != tasks.TASK}
    assert dated == {"measure_end": suspension(3).last, "return": suspension(3).return_talk}
    assert {one.due_on for one in due if one.kind == tasks.TASK} == {TODAY}


def test_a_school_that_announces_first_refuses_with_its_own_sentence(
    factory: sessionmaker[Session], tmp_path: Path
) -> None:
    world = told.make_world(factory, tmp_path / "instance", protocol="oostpoort")
    with factory() as session:
        it = handled(world, session, name=NAMED)
        prepare(it, measure_record.ACCUSED)
        said = refused(it, WARNING)
        assert "eerder stadium" in said
        assert "oostpoort.txt, regel 352" in said
        prepare(it, measure_record.ANNOUNCED)
        assert "eerdere dag" in refused(it, WARNING)
        prepare(it, measure_record.ANNOUNCED, on=TODAY - timedelta(3))
        assert "deelschoolleider" in refused(it, WARNING).lower()
        prepare(it, measure_record.APPROVED, "deelschoolleider")
        take(it, WARNING)
        shown = sanctions.show(it.session, actor=it.handler, case_id=it.case_id)
        assert [one.form for one in shown.taken] == ["warning"]
        assert {one.what for one in shown.grounds} == {"accused_heard", "announced", "approved"}


@pytest.mark.parametrize(
    ("what", "role", "on", "field"),
    [
        ("approved", "conciërge", TODAY, "role"),
        ("announced", "", TODAY + timedelta(1), "on"),
        ("wish", "", TODAY, "what"),
    ],
)
def test_what_comes_first_has_a_day_that_is_over_and_a_role_that_exists(
    world: World, session: Session, what: str, role: str, on: date, field: str
) -> None:
    it = handled(world, session)
    with pytest.raises(InvalidInputError) as caught:
        prepare(it, what, role, on)
    assert caught.value.field == field
