"""An anonymous report alone never leads to a measure: at no school, at no step, by no page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal import protocols
from portal.services import stands
from tests.scenarios.conftest import Walk

KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")
KINDS = ("sanction", "time_out", "suspension", "expulsion")


@pytest.mark.parametrize("key", KEYS)
def test_a_report_without_a_name_alone_brings_no_measure(
    report: Callable[..., Walk], key: str
) -> None:
    walk = report(key)
    protocol = protocols.load(key)
    _everything_else_is_on_record(walk, key)
    # on the page of measures
    for kind in KINDS:
        assert "zonder naam" in walk.no_measure(kind), kind
    # and as a step of the protocol
    measures = [
        (step.key, action.key)
        for step in protocol.steps
        for action in step.actions
        if action.kind in stands.GUARDED and step.file != "law"
    ]
    for step, action in measures:
        walk.move(step, "Verder.")
        for gate in (one for part in protocol.parts(step) for one in part.gates):
            if action in gate.blocks:
                walk.do(gate.key, "agreed")
        assert "zonder naam" in walk.refused(action), (step, action)
    # who is asked about it and says no, adds nothing to it
    walk.prepare("accused_heard", "Gevraagd; de leerling zegt van niet.")
    assert "zonder naam" in walk.no_measure("sanction")
    # what the school itself saw or heard does
    walk.prepare("own_finding", "De docent zag het in de gang.")
    walk.measure("sanction")
    assert [one for one in walk.lines("measure") if one.text == "Rust voor iedereen."]


def _everything_else_is_on_record(walk: Walk, key: str) -> None:
    walk.prepare("announced", "Vorige week, aan leerling en ouders.", days_ago=7)
    for what in ("parents_heard", "inspectie_consulted", "other_school"):
        walk.prepare(what, "Op kantoor.")
    for role in protocols.load(key).roles:
        walk.prepare("approved", "Overlegd.", role=role.key)


def test_a_talk_with_one_side_is_no_hearing_of_the_other(report: Callable[..., Walk]) -> None:
    walk = report("cals", "mentor")
    walk.do("analyse-1")  # cals.txt 59: the school gathered something itself
    assert "Praat eerst" in walk.no_measure("sanction")
    walk.talk("subject", action="gesprekken-1")
    assert walk.task("gesprekken-1").state == "open"
    assert "Praat eerst" in walk.no_measure("sanction")
    walk.talk("accused", action="gesprekken-1")
    assert walk.task("gesprekken-1").state == "done"
    walk.measure("sanction")
