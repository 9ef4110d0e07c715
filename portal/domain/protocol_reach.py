"""What a protocol can never come to: rules that no report meets, steps that nothing leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from portal.domain.facts import CHOICES, FLAGS, Facts, facts_from
from portal.domain.protocol import AlsoRule, IntakeRule, Protocol
from portal.domain.protocol_parse import Fault
from portal.domain.routing import holds_any


def unreached(protocol: Protocol) -> Iterable[Fault]:
    """Rules and steps that can never come into play, by trying every report there can be."""
    reports = _every_report(protocol)
    yield from _unmet_rules(protocol, reports)
    led_to = _led_to(protocol)
    for step in protocol.steps[1:]:
        if step.key not in led_to:
            remedy = "laat een regel bij [[intake]] of een andere stap hierheen leiden"
            yield Fault(f"steps '{step.key}'", "niets leidt naar deze stap", remedy)


def _unmet_rules(protocol: Protocol, reports: list[Facts]) -> Iterable[Fault]:
    chosen = {_first(protocol, facts) for facts in reports}
    for rule in protocol.intake:
        if rule.when and rule.key not in chosen:
            remedy = "zet de regel hoger, of verbeter 'when'"
            yield Fault(f"intake '{rule.key}'", "geen enkele melding komt hier", remedy)
    for extra in protocol.intake_also:
        if not any(holds_any(extra.when, facts) for facts in reports):
            yield Fault(f"intake_also '{extra.key}'", "geldt nooit", "verbeter 'when'")


def _led_to(protocol: Protocol) -> set[str]:
    return {
        protocol.staff.step,
        protocol.staff.repeat_step,
        *(rule.step for rule in protocol.intake),
        *(condition.to for step in protocol.steps for condition in step.conditions),
        *(key for step in protocol.steps for key in step.repeats),
    }


def _every_report(protocol: Protocol) -> list[Facts]:
    rules: list[IntakeRule | AlsoRule] = [*protocol.intake, *protocol.intake_also]
    whens = [when for rule in rules for when in rule.when]
    highest = min(max((max(when.report_min, when.report_max) for when in whens), default=1), 20)
    counts = range(1, highest + 2)
    flags = product((False, True), repeat=len(FLAGS))
    known = product(CHOICES["class_relation"], counts, flags)
    return [
        facts_from(
            {
                "class_relation": relation,
                "report_count": count,
                **dict(zip(FLAGS, set_, strict=True)),
            }
        )
        for relation, count, set_ in known
    ]


def _first(protocol: Protocol, facts: Facts) -> str:
    return next((rule.key for rule in protocol.intake if holds_any(rule.when, facts)), "")


def circles(protocol: Protocol) -> Iterable[Fault]:
    """Steps that lead back to an earlier one, and actions that wait for each other.

    A step may lead to itself: oostpoort brings a pupil into the team again.
    """
    onward = {
        step.key: [c.to for c in step.conditions if c.to and c.to != step.key]
        for step in protocol.steps
    }
    repeats = {step.key: list(step.repeats) for step in protocol.steps}
    after = {action.key: list(action.after) for step in protocol.steps for action in step.actions}
    for name, graph in (("stappen", onward), ("'repeats'", repeats), ("'after'", after)):
        for key in graph:
            if _reaches(graph.get, key):
                yield Fault(f"{name} '{key}'", "komt weer bij zichzelf uit", "verbreek de kring")


def _reaches(edges: Callable[[str], list[str] | None], start: str) -> bool:
    seen: set[str] = set()
    todo = list(edges(start) or [])
    while todo:
        key = todo.pop()
        if key == start:
            return True
        if key not in seen:
            seen.add(key)
            todo += edges(key) or []
    return False
