"""Facts that come in later: where a case goes, on which sentence, and that it never goes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal import protocols
from portal.domain.facts import Facts
from portal.domain.rerouting import news, propose
from portal.domain.routing import route

KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")
NOTHING = Facts()


def go(key: str, after: Facts, before: Facts = NOTHING, **at: str):
    protocol = protocols.load(key)
    stands = route(protocol, before)
    place = {"at_role": stands.role, "at_step": stands.step, **at}
    return propose(protocol, before, after, **place)


@pytest.mark.parametrize("key", KEYS)
def test_nothing_new_goes_nowhere(key):
    assert go(key, NOTHING) is None


@pytest.mark.parametrize("key", KEYS)
def test_what_routing_says_of_new_facts_is_what_is_proposed(key):
    for after in (
        Facts(report_count=2),
        Facts(report_count=3, ongoing=True),
        Facts(class_relation="different"),
        Facts(cyber=True),
        Facts(group=True),
        Facts(structural=True),
        Facts(accused="staff"),
    ):
        decision = route(protocols.load(key), after)
        found = go(key, after)
        if found is not None:
            assert (found.role, found.step) == (decision.role, decision.step)
            assert found.rule.quote
            assert found.news
        else:
            stays = route(protocols.load(key), NOTHING)
            assert (stays.role, stays.step) == (decision.role, decision.step)


def test_a_case_that_staff_took_further_is_not_sent_back():
    # borgen.txt 18: by hand at step 3 already; a second report does not bring it back to step 2
    assert go("borgen", Facts(report_count=2), at_step="stap-3") is None
    assert go("borgen", Facts(report_count=4), at_step="stap-3").step == "stap-4"


def test_a_case_handed_to_somebody_else_stays_with_them_where_the_role_does_not_change():
    found = go("borgen", Facts(report_count=2), at_role="preventiemedewerker")
    assert (found.role, found.new_role, found.step) == ("preventiemedewerker", False, "stap-2")


def test_a_matter_of_staff_leaves_the_line_from_wherever_it_is():
    found = go("oostpoort", Facts(accused="staff"), at_step="ondersteuningsteam")
    assert (found.about_staff, found.step, found.role) == (True, "personeel-stap-1", "directeur")
    assert "leerlingcoordinator" in found.excluded
    again = go("oostpoort", Facts(accused="staff", report_count=2))
    assert again.role == "bestuur"


def test_what_is_new_is_told_once():
    both = replace(NOTHING, accused="staff", accused_roles=("mentor",))
    assert news(NOTHING, both) == ("het gaat over een medewerker",)
    assert news(NOTHING, Facts(cyber=True, group=True)) == (
        "het gebeurt (ook) online",
        "er zijn meer leerlingen bij betrokken",
    )
    assert news(both, both) == ()
