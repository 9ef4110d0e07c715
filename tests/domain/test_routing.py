"""Routing: the five schools' own rules, case by case and over every combination of facts."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from portal import protocols
from portal.domain.facts import Facts, facts_from
from portal.domain.protocol import OURS, quote_line
from portal.domain.routing import route

VECTORS = Path(__file__).parents[1] / "vectors"
KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")
LINE_WORDS = ("mentor", "coach", "coordinator", "teamleider", "deelschoolleider")
HANDLES_STAFF = {"schoolleiding", "rector", "directeur", "bestuur", "bevoegd-gezag"}


def cases():
    for key in KEYS:
        for case in json.loads((VECTORS / "routing" / f"{key}.json").read_text("utf-8")):
            yield pytest.param(key, case["facts"], case["expect"], id=f"{key}: {case['name']}")


def seed(name: str) -> str:
    with (VECTORS / "seeds" / name).open(encoding="utf-8", newline="") as file:
        return file.read()


def combinations():
    """Every value of every fact that routing looks at; reporter is varied apart."""
    flags = (None, True, False)
    accused = (
        ("unknown", ()),
        ("pupil", ()),
        ("staff", ()),
        ("staff", ("docent",)),
        ("staff", ("mentor", "vertrouwenspersoon")),
        ("staff", ("teamleider", "leerlingcoordinator", "coach")),
        ("staff", ("rector",)),
        ("staff", ("schoolleiding", "directeur", "bestuur")),
        ("unknown", ("bestuur", "bevoegd-gezag")),
    )
    for relation, cyber, group, ongoing, structural, count, (kind, roles) in itertools.product(
        ("same", "different", "unknown"), flags, flags, flags, flags, (None, 1, 2, 3, 4, 7), accused
    ):
        yield Facts(
            class_relation=relation,
            cyber=cyber,
            group=group,
            ongoing=ongoing,
            structural=structural,
            report_count=count,
            accused=kind,
            accused_roles=roles,
        )


@pytest.mark.parametrize(("key", "facts", "expect"), list(cases()))
def test_the_school_decides_as_its_protocol_says(key, facts, expect):
    decision = route(protocols.load(key), facts_from(facts))
    answer = decision.answer()
    assert (answer["role"], answer["step"]) == (expect["role"], expect["step"])
    assert sorted(answer["also"]) == sorted(expect["also"])
    assert answer["excluded"] == expect["excluded"]
    assert sorted(role for role, _gates in decision.gated) == sorted(expect.get("waits", []))
    first = answer["explanation"][0]
    assert first["line"] == expect["line"]
    assert first["file"] == (f"{key}.txt" if expect["line"] else "law")


@pytest.mark.parametrize("key", KEYS)
def test_every_combination_of_facts_gives_a_sound_decision(key):
    protocol = protocols.load(key)
    source = seed(protocol.seed)
    quoted: set[tuple[str, int]] = set()
    for facts in combinations():
        decision = route(protocol, facts)
        known = {decision.role, *decision.also}
        assert not known & set(decision.excluded), facts
        assert decision.role not in decision.also, facts
        assert decision.explanation, facts
        assert protocol.step(decision.step) is not None, facts
        assert all(protocol.role(role) is not None for role in known), facts
        assert {role for role, _gates in decision.gated} <= set(decision.also), facts
        quoted |= {(why.quote, why.line) for why in decision.explanation if why.file not in OURS}
        if facts.about_staff:
            assert decision.role in HANDLES_STAFF, facts
            assert set(facts.accused_roles) <= set(decision.excluded), facts
        else:
            assert decision.explanation[0].file == protocol.seed, facts
    assert quoted
    for quote, line in quoted:
        assert quote_line(quote, source, line) == line, quote


@pytest.mark.parametrize("key", KEYS)
def test_who_reports_changes_nothing(key):
    protocol = protocols.load(key)
    for count, relation in itertools.product((1, 2, 3), ("same", "different", "unknown")):
        base = {"report_count": count, "class_relation": relation}
        answers = [
            route(protocol, facts_from(base | {"reporter": reporter}))
            for reporter in ("subject", "bystander", "parent", "staff")
        ]
        assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("relation", ["same", "different", "unknown"])
@pytest.mark.parametrize("cyber", [True, False])
@pytest.mark.parametrize("accused", ["pupil", "staff"])
def test_a_second_report_begins_a_later_step(key, relation, cyber, accused):
    protocol = protocols.load(key)
    order = [step.key for step in protocol.steps]
    base = {"class_relation": relation, "cyber": cyber, "accused": accused}
    first = order.index(route(protocol, facts_from(base)).step)
    second = order.index(route(protocol, facts_from(base | {"report_count": 2})).step)
    ongoing = order.index(route(protocol, facts_from(base | {"ongoing": True})).step)
    assert second > first
    assert ongoing > first


@pytest.mark.parametrize("key", KEYS)
def test_with_the_accused_role_unknown_nobody_in_the_line_gets_to_know(key):
    decision = route(protocols.load(key), Facts(accused="staff"))
    for role in (decision.role, *decision.also):
        assert not any(word in role for word in LINE_WORDS)
    assert "vertrouwenspersoon" in decision.also


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("head", ["schoolleiding", "rector", "directeur", "Rector"])
def test_a_head_accused_goes_to_the_board(key, head):
    decision = route(protocols.load(key), Facts(accused="staff", accused_roles=(head,)))
    assert decision.role in {"bestuur", "bevoegd-gezag"}
    assert not {"schoolleiding", "rector", "directeur"} & {decision.role, *decision.also}


def test_a_role_that_waits_for_consent_says_so_with_the_sentence():
    decision = route(protocols.load("oostpoort"), Facts(report_count=3))
    assert decision.gated == (("ondersteuningsteam", ("toestemming-iot",)),)
    gate = next(why for why in decision.explanation if why.rule == "gate:toestemming-iot")
    assert (gate.file, gate.line) == ("oostpoort.txt", 656)


def test_one_ungated_reason_is_enough_to_know_at_once():
    decision = route(protocols.load("de-route"), Facts(report_count=3, structural=True))
    assert "schoolleiding" in decision.also
    assert dict(decision.gated).keys() == {"ondersteuningsteam"}


def test_what_is_not_known_is_said_with_where_it_would_go():
    decision = route(protocols.load("cals"), Facts())
    told = {why.rule: why for why in decision.explanation if why.rule.startswith("unknown:")}
    assert "leerlingcoördinator" in told["unknown:class_relation"].quote
    assert "cals.txt r. 82" in told["unknown:class_relation"].quote
    assert "unknown:accused" in told
    assert "unknown:group" not in told  # it would change nothing here
    known = route(protocols.load("cals"), Facts(class_relation="same"))
    assert not any(why.rule == "unknown:class_relation" for why in known.explanation)
