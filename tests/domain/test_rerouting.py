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


@pytest.mark.parametrize(
    ("key", "role", "step", "counts"),
    [
        # the last step of each: a further report begins it again
        ("borgen", "schoolleiding", "stap-4", (4, 5)),
        ("cals", "leerlingcoordinator", "fase-2", (2, 3)),
        ("de-route", "coach", "nieuwe-signalen", (3, 4)),
        ("handelingskaart", "teamleider", "stopt-niet", (3, 4)),
        ("oostpoort", "leerlingcoordinator", "ondersteuningsteam", (3, 4)),
    ],
)
def test_a_further_report_begins_the_last_step_again(key, role, step, counts):
    protocol = protocols.load(key)
    before, after = (Facts(report_count=count) for count in counts)
    found = propose(protocol, before, after, at_role=role, at_step=step)
    assert (found.role, found.step, found.again) == (role, step, True)
    assert not found.new_step
    # other news begins nothing again
    other = Facts(report_count=counts[0], group=True)
    same = propose(protocol, before, other, at_role=role, at_step=step)
    assert same is None or not same.again
