"""Hard rules: a measure that the school or the law forbids is refused in its own sentence."""

from __future__ import annotations

from datetime import date

import pytest

from portal import protocols
from portal.domain.hard_rules import Measure, MeasureFacts, duties, refusals

KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")
FINE = MeasureFacts(
    announced=True,
    approved_by=frozenset({"schoolleiding", "deelschoolleider", "directeur", "rector"}),
    accused_heard=True,
    parents_heard=True,
    inspectie_consulted=True,
    other_school=True,
)
WEEK = Measure(
    kind="suspension",
    first=date(2027, 1, 11),
    last=date(2027, 1, 17),
    reason="Na drie gesprekken ging het door.",
    in_writing=True,
)


def rules(key: str, measure: Measure, facts: MeasureFacts = FINE) -> set[str]:
    return {one.rule for one in refusals(protocols.load(key), measure, facts)}


@pytest.mark.parametrize("kind", ["expulsion", "change_of_school"])
def test_borgen_never_lets_the_pupil_it_is_about_leave(kind):
    # borgen.txt 44-45
    found = refusals(protocols.load("borgen"), Measure(kind=kind, about="subject"), FINE)
    stays = next(one for one in found if one.rule == "gepeste-verlaat-school-niet")
    assert (stays.file, stays.line) == ("borgen.txt", 44)
    assert "nooit het gepeste kind" in str(stays)


def test_a_change_of_school_at_the_familys_own_wish_is_recorded_as_theirs():
    asked = Measure(kind="change_of_school", about="subject", wished_by="de moeder")
    said = Measure(
        kind="change_of_school",
        about="subject",
        wished_by="de moeder",
        wish="Wij willen liever naar een school in onze wijk.",
    )
    assert "gepeste-verlaat-school-niet" in rules("borgen", asked)
    assert rules("borgen", said) == set()


@pytest.mark.parametrize("key", KEYS)
def test_at_no_school_it_is_the_pupil_it_is_about_who_leaves(key):
    assert rules(key, Measure(kind="change_of_school", about="subject"))
    assert rules(key, Measure(kind="change_of_school", about="accused")) == set()


def test_oostpoort_only_measures_that_were_announced():
    # oostpoort.txt 352-353 and 601
    plain = Measure(kind="sanction")
    assert rules("oostpoort", plain) == set()
    silent = MeasureFacts(accused_heard=True)
    assert rules("oostpoort", plain, silent) == {
        "eerst-aangekondigd",
        "altijd-met-deelschoolleider",
    }


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", ["sanction", "time_out", "suspension", "expulsion"])
def test_an_anonymous_report_alone_never_brings_a_measure(key, kind):
    facts = MeasureFacts(only_anonymous=True, accused_heard=True)
    assert "portal-niet-alleen-anoniem" in rules(key, Measure(kind=kind), facts)


def test_both_sides_are_heard_before_a_measure():
    unheard = MeasureFacts(accused_heard=False)
    assert "portal-eerst-horen" in rules("cals", Measure(kind="sanction"), unheard)
    unknown = MeasureFacts(accused_heard=None)
    assert rules("cals", Measure(kind="sanction"), unknown) == set()


def test_a_suspension_is_a_week_at_most_in_writing_with_a_reason():
    assert rules("cals", WEEK) == set()
    long = Measure(
        kind="suspension", first=WEEK.first, last=date(2027, 1, 18), reason="x", in_writing=True
    )
    assert rules("cals", long) == {"wet-schorsing-week"}
    backwards = Measure(
        kind="suspension", first=WEEK.last, last=WEEK.first, reason="x", in_writing=True
    )
    assert rules("cals", backwards) == {"wet-schorsing-week"}
    endless = Measure(kind="suspension", reason="x", in_writing=True)
    assert rules("cals", endless) == {"wet-schorsing-week"}
    spoken = Measure(kind="suspension", first=WEEK.first, last=WEEK.last, reason="x")
    assert rules("cals", spoken) == {"wet-schorsing-schriftelijk"}


def test_over_a_day_the_inspectorate_is_told_and_cals_names_leerplicht():
    day = Measure(kind="suspension", first=WEEK.first, last=WEEK.first)
    # cals.txt 122-124
    assert [one.role for one in duties(protocols.load("cals"), day)] == ["leerplichtambtenaar"]
    told = {one.role: one for one in duties(protocols.load("cals"), WEEK)}
    assert set(told) == {"leerplichtambtenaar", "inspectie"}
    assert (told["leerplichtambtenaar"].file, told["leerplichtambtenaar"].line) == ("cals.txt", 122)
    assert told["inspectie"].file == "law"
    assert duties(protocols.load("cals"), Measure(kind="sanction")) == []


def test_a_time_out_has_a_purpose_an_end_and_a_return_talk():
    bare = Measure(kind="time_out", reason="rust")
    assert rules("de-route", bare) == {"portal-time-out"}
    full = Measure(
        kind="time_out", reason="rust", last=date(2027, 1, 12), return_talk=date(2027, 1, 13)
    )
    assert rules("de-route", full) == set()


def test_expulsion_needs_a_hearing_the_inspectorate_another_school_and_the_head():
    written = Measure(kind="expulsion", reason="x", in_writing=True)
    assert rules("de-route", written) == set()
    nothing = MeasureFacts(accused_heard=True)
    assert rules("de-route", Measure(kind="expulsion"), nothing) == {
        "verwijdering-met-rector",
        "wet-verwijdering-horen",
        "wet-verwijdering-inspectie",
        "wet-verwijdering-andere-school",
        "wet-verwijdering-schriftelijk",
    }


@pytest.mark.parametrize("key", KEYS)
def test_every_rule_of_law_says_where_and_when_it_was_read(key):
    for rule in protocols.load(key).hard_rules:
        if rule.file == "law":
            assert rule.source
            assert date.fromisoformat(rule.checked_on) <= date(2026, 11, 30)
