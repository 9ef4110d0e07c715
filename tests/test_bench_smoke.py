"""What `make bench` counts must be right on any machine: accepted reports, bytes, requests."""

import pytest

from tests.bench import crowd, landing
from tests.bench.site import running


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with running(tmp_path_factory.mktemp("bench") / "site") as served:
        yield served


def reached(figures) -> bool:
    return all(one.reached for one in figures)


def test_a_class_that_sends_at_the_same_instant_is_accepted_whole(site):
    accepted, _slowest = crowd.class_at_once(site, quick=True)
    assert accepted.value == crowd.CLASS_SIZE, accepted
    assert f"{crowd.CLASS_SIZE} receipts with a code" in accepted.note


def test_two_hundred_reports_from_one_address_are_accepted(site):
    (accepted,) = crowd.from_one_address(site, quick=True)
    assert accepted.value == crowd.IN_AN_HOUR, accepted


def test_the_first_page_keeps_to_its_budget(site):
    size, requests = landing.figures(site)
    assert reached([size, requests]), (size, requests)
