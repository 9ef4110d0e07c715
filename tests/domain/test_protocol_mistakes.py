"""A sixth school's file: every mistake is named in one run, with its place and what to do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import protocols
from portal.domain import gates
from portal.domain import protocol as model
from portal.domain.protocol_check import check_tables
from portal.domain.protocol_parse import Fault
from portal.services import closing, measure_record, stands, talk_guards, talks

SEEDS = Path(__file__).parents[1] / "vectors" / "seeds"
KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")
Tables = dict[str, Any]


def seed(key: str) -> str:
    with (SEEDS / f"{key}.txt").open(encoding="utf-8", newline="") as file:
        return file.read()


SOURCES = {key: seed(key) for key in KEYS}
WHOLE = {key: protocols.load_tables(key) for key in KEYS}


def faults_of(key: str, tables: Tables) -> list[Fault]:
    return check_tables(tables, SOURCES[key])[1]


def steps_of(tables: Tables, table: str) -> Iterator[tuple[Tables, Tables]]:
    """Each item of a kind with its step, of the school's own steps."""
    for step in tables["steps"]:
        if not step.get("file"):
            for item in step.get(table, ()):
                yield step, item


def first(tables: Tables, table: str, having: str = "") -> Tables:
    """One item of a kind, with a given field."""
    return next(item for _step, item in steps_of(tables, table) if not having or having in item)


def without_role(tables: Tables) -> str:
    role = tables["intake"][-1]["role"]
    tables["roles"] = [one for one in tables["roles"] if one["key"] != role]
    return f"onbekende rol '{role}'"


def without_step(tables: Tables) -> str:
    step = tables["intake"][-1]["step"]
    tables["steps"] = [one for one in tables["steps"] if one["key"] != step]
    return f"onbekende stap '{step}'"


def without_action(tables: Tables) -> str:
    """Take away an action that something else names."""
    step, item = next(
        (step, one)
        for step, one in steps_of(tables, "actions")
        if any(one["key"] in other.get("after", ()) for other in step["actions"])
    )
    step["actions"].remove(item)
    return f"onbekende handeling '{item['key']}'"


def misspelled_action(tables: Tables) -> str:
    item = first(tables, "actions", "after")
    right = item["after"][0]
    item["after"][0] = right[:-1] + "x"
    return f"bedoelt u '{right}'"


def misspelled_kind(tables: Tables) -> str:
    item = next(one for _step, one in steps_of(tables, "actions") if one["kind"][:5] == "talk_")
    right, item["kind"] = item["kind"], item["kind"].replace("talk", "tlak")
    return f"bedoelt u '{right}'"


def misspelled_field(tables: Tables) -> str:
    item = first(tables, "actions")
    item["lable"] = item.pop("label")
    return "bedoelt u 'label'"


def misspelled_table(tables: Tables) -> str:
    tables["hard_rulez"] = [{"key": "x"}]
    return "bedoelt u 'hard_rules'"


def circle_of_steps(tables: Tables) -> str:
    led = next(
        (step, one)
        for step, one in steps_of(tables, "conditions")
        if one.get("to") and one["to"] != step["key"]
    )
    target = next(one for one in tables["steps"] if one["key"] == led[1]["to"])
    target.setdefault("conditions", []).append(
        {**led[1], "key": "terug-naar-af", "to": led[0]["key"]}
    )
    return "komt weer bij zichzelf uit"


def circle_of_actions(tables: Tables) -> str:
    step, item = next(
        (step, one)
        for step, one in steps_of(tables, "actions")
        if any(one["key"] in other.get("after", ()) for other in step["actions"])
    )
    later = next(one for one in step["actions"] if item["key"] in one.get("after", ()))
    item["after"] = [later["key"]]
    return "komt weer bij zichzelf uit"


def an_action_that_waits_for_itself(tables: Tables) -> str:
    item = first(tables, "actions")
    item["unless"] = [item["key"]]
    return "wacht op zichzelf"


def gate_on_unknown_role(tables: Tables) -> str:
    step = next(one for one in tables["steps"] if one.get("actions") and not one.get("file"))
    step.setdefault("gates", []).append(
        {
            "key": "akkoord-van-niemand",
            "label": "Akkoord",
            "kind": "approval",
            "role": "opperhoofd",
            "blocks": [step["actions"][0]["key"]],
            "quote": tables["roles"][0]["quote"],
            "line": tables["roles"][0]["line"],
        }
    )
    return "onbekende rol 'opperhoofd'"


def gate_for_nobody(tables: Tables) -> str:
    gate_on_unknown_role(tables)
    gate = next(
        one
        for step in tables["steps"]
        for one in step.get("gates", ())
        if one["key"] == "akkoord-van-niemand"
    )
    gate.update(kind="consent_parents", role="")
    return "zegt niet aan welke kant"


def quote_elsewhere(tables: Tables) -> str:
    item = first(tables, "actions")
    right, item["line"] = item["line"], item["line"] + 1
    return f"zet 'line' op {right}"


def quote_of_ones_own(tables: Tables) -> str:
    first(tables, "actions")["quote"] = "Wij doen altijd alles goed."
    return "citaat staat niet in de bron"


def quote_without_line(tables: Tables) -> str:
    first(tables, "actions").pop("line")
    return "regelnummer ontbreekt"


def no_label(tables: Tables) -> str:
    first(tables, "actions")["label"] = " "
    return "'label' is leeg"


def one_key_twice(tables: Tables) -> str:
    step, item = next(steps_of(tables, "actions"))
    step["actions"].append(copy.deepcopy(item))
    return f"sleutel '{item['key']}' staat er 2 keer"


def a_rule_nobody_meets(tables: Tables) -> str:
    tables["intake"].insert(1, {**tables["intake"][0], "key": "dubbel"})
    return "intake 'dubbel': geen enkele melding komt hier"


def an_extra_rule_that_never_holds(tables: Tables) -> str:
    tables["intake_also"][0]["when"] = [{"ongoing": True, "report_max": 1}]
    return "geldt nooit"


def a_step_nothing_leads_to(tables: Tables) -> str:
    step = copy.deepcopy(next(one for one in tables["steps"] if not one.get("file")))
    lone = {**step, "key": "los", "actions": [{**step["actions"][0], "key": "losse-handeling"}]}
    for name in ("gates", "deadlines", "communications", "registrations", "conditions"):
        lone.pop(name, None)
    tables["steps"].append(lone)
    return "steps 'los': niets leidt naar deze stap"


def an_empty_step(tables: Tables) -> str:
    a_step_nothing_leads_to(tables)
    tables["steps"][-1].pop("actions")
    return "in deze stap is niets te doen"


def work_for_somebody_outside(tables: Tables) -> str:
    tables["roles"].append({**tables["roles"][0], "key": "politie-zelf", "scope": "external"})
    first(tables, "actions")["owner"] = "politie-zelf"
    return "'politie-zelf' is van buiten de school"


def told_to_nobody(tables: Tables) -> str:
    steps = [one for one in tables["steps"] if not one.get("file")]
    steps[0].setdefault("communications", []).append(
        {**steps[0]["actions"][0], "key": "aan-niemand", "to": []}
    )
    for name in ("kind", "column", "owner"):
        steps[0]["communications"][-1].pop(name, None)
    return "zegt niet aan wie"


def a_note_without_a_place(tables: Tables) -> str:
    steps = [one for one in tables["steps"] if not one.get("file")]
    said = {name: steps[0]["actions"][0][name] for name in ("label", "quote", "line")}
    steps[0].setdefault("registrations", []).append({**said, "key": "nergens", "system": ""})
    return "het systeem of een titel is leeg"


def a_condition_without_a_step(tables: Tables) -> str:
    said = {name: tables["roles"][0][name] for name in ("label", "quote", "line")}
    step = next(one for one in tables["steps"] if not one.get("file"))
    step.setdefault("conditions", []).append({**said, "key": "waarheen", "kind": "advance"})
    return "zegt niet naar welke stap"


def a_need_of_what_is_needed_anyway(tables: Tables) -> str:
    item = next(one for _step, one in steps_of(tables, "actions") if "optional" not in one)
    item["needed_when"] = [{"group": True}]
    return "is altijd nodig"


def two_terms_for_one_thing(tables: Tables) -> str:
    step = next(one for one in tables["steps"] if not one.get("file"))
    said = {name: tables["roles"][0][name] for name in ("label", "quote", "line")}
    for number in (1, 2):
        step.setdefault("deadlines", []).append(
            {**said, "key": f"termijn-{number}", "action": step["actions"][0]["key"], "amount": 2}
        )
    return "heeft 2 termijnen"


def a_term_of_no_days(tables: Tables) -> str:
    two_terms_for_one_thing(tables)
    step = next(one for one in tables["steps"] if one.get("deadlines"))
    step["deadlines"][-1].update(amount=0, during=True)
    return "duurt geen enkele dag"


def a_law_without_a_day(tables: Tables) -> str:
    rule = next(one for one in tables["hard_rules"] if one.get("file") == "law")
    rule.update(checked_on="onlangs", source="")
    return "een regel van de wet heeft geen dag"


def a_duty_to_nobody(tables: Tables) -> str:
    rule = next(one for one in tables["hard_rules"] if one.get("guard") == "inform")
    rule.pop("role")
    return "noem wie akkoord geeft, of wie het hoort"


def nothing_before_the_end(tables: Tables) -> str:
    rule = copy.deepcopy(next(one for one in tables["hard_rules"] if one.get("file") == "portal"))
    tables["hard_rules"].append(
        {**rule, "key": "einde", "guard": "before_closing", "measures": [], "items": ["niets"]}
    )
    return "onbekende handeling 'niets'"


def nobody_on_duty(tables: Tables) -> str:
    role = next(one for one in tables["roles"] if one.get("scope") == "class")
    role.update(substitute="duty_roster")
    role.pop("substitute_role", None)
    return "zegt niet wie dienst heeft"


def nobody_who_watches(tables: Tables) -> str:
    tables["roles"][0].pop("overseer")
    return "heeft niemand die meekijkt"


def a_wrong_sort_of_value(tables: Tables) -> str:
    first(tables, "actions")["after"] = "alles"
    return "is geen lijst"


def no_text_named(tables: Tables) -> str:
    tables["seed"] = ""
    return "'seed' is leeg"


MISTAKES: tuple[Callable[[Tables], str], ...] = (
    without_role,
    without_step,
    without_action,
    misspelled_action,
    misspelled_kind,
    misspelled_field,
    misspelled_table,
    circle_of_steps,
    circle_of_actions,
    an_action_that_waits_for_itself,
    gate_on_unknown_role,
    gate_for_nobody,
    quote_elsewhere,
    quote_of_ones_own,
    quote_without_line,
    no_label,
    one_key_twice,
    a_rule_nobody_meets,
    an_extra_rule_that_never_holds,
    a_step_nothing_leads_to,
    an_empty_step,
    work_for_somebody_outside,
    told_to_nobody,
    a_note_without_a_place,
    a_condition_without_a_step,
    a_need_of_what_is_needed_anyway,
    two_terms_for_one_thing,
    a_term_of_no_days,
    a_law_without_a_day,
    a_duty_to_nobody,
    nothing_before_the_end,
    nobody_on_duty,
    nobody_who_watches,
    a_wrong_sort_of_value,
    no_text_named,
)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("spoil", MISTAKES, ids=[one.__name__ for one in MISTAKES])
def test_a_mistake_in_any_of_the_five_is_named(key: str, spoil: Callable[[Tables], str]) -> None:
    tables = copy.deepcopy(WHOLE[key])
    said = spoil(tables)
    found = faults_of(key, tables)
    assert any(said in str(fault) for fault in found), (said, [str(one) for one in found][:9])
    assert all(fault.place and fault.message and fault.remedy for fault in found)


@pytest.mark.parametrize("key", KEYS)
def test_many_mistakes_are_named_in_one_run(key: str) -> None:
    # faults of form (a wrong field, a wrong sort of value) do not hide those of meaning
    tables = copy.deepcopy(WHOLE[key])
    spoils = (
        misspelled_table,
        without_role,
        quote_elsewhere,
        gate_on_unknown_role,
        told_to_nobody,
        a_law_without_a_day,
        no_label,
        a_rule_nobody_meets,
        a_condition_without_a_step,
    )
    said = [spoil(tables) for spoil in spoils]
    found = [str(fault) for fault in faults_of(key, tables)]
    assert [words for words in said if not any(words in one for one in found)] == []


def test_every_kind_of_action_that_the_program_knows_may_be_written() -> None:
    known = {
        *gates.SUBJECT_KINDS,
        *gates.ACCUSED_KINDS,
        *closing.AFTERCARE,
        *measure_record.HEARING,
        *measure_record.OWN_FINDINGS,
        *talk_guards.HELD,
        *(kind for kinds in talks.KINDS.values() for kind in kinds),
        *stands.GUARDED,
    }
    assert known - {"change_of_school"} <= set(model.ACTION_KINDS)
