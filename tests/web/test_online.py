"""What happened online: first whether anything did, and only then where."""

import re

import pytest

from tests.web.reporter_site import Site


@pytest.fixture
def phone(tmp_path):
    return Site(tmp_path).phone()


def test_where_online_is_asked_only_after_the_yes(phone):
    phone.tell()
    page = phone.get("vraag/online")
    assert not [name for name in page.form("/online")["fields"] if "incidents" in name]
    assert "Nog een bericht of account" not in page.text
    page = phone.answer({"online-happened": "yes"})
    assert phone.path.endswith("/vraag/online")
    shown = page.html.partition("Meer hierover")[0]
    fields = {*re.findall(r'name="online-incidents-0-(\w+)', shown)}
    assert fields == {"platform", "account", "when"}
    assert page.form("/online")["fields"]["online-happened"] == "yes"
    phone.answer({"online-incidents-0-account": "@een"})
    assert phone.path.endswith("/bestanden")


@pytest.mark.parametrize(("given", "then"), [({"online-happened": "no"}, ""), ({}, "unknown")])
def test_who_says_no_is_asked_nothing_more_of_it(phone, given, then):
    phone.tell()
    phone.get("vraag/online")
    phone.answer(given, then)
    assert phone.path.endswith("/bestanden")


def test_what_was_told_of_a_place_online_stays_to_be_seen_after_a_no(phone):
    phone.tell()
    phone.get("vraag/online")
    phone.answer({"online-happened": "yes", "online-incidents-0-account": "@een"})
    phone.get("vraag/online")
    phone.answer({"online-happened": "no"})
    fields = phone.get("vraag/online").form("/online")["fields"]
    assert fields["online-incidents-0-account"] == "@een"
