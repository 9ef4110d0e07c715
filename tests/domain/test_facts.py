"""Facts are read strictly: what is wrong is named, nothing is guessed."""

from __future__ import annotations

import pytest

from portal.domain.facts import Facts, FactsError, parse_facts

BAD = [
    (b'{"colour": "blue"}', "colour"),
    (b'{"cyber": 1}', "cyber"),
    (b'{"cyber": "true"}', "cyber"),
    (b'{"cyber": null}', "cyber"),
    (b'{"report_count": true}', "report_count"),
    (b'{"report_count": 1.0}', "report_count"),
    (b'{"report_count": "2"}', "report_count"),
    (b'{"report_count": 0}', "report_count"),
    (b'{"report_count": -3}', "report_count"),
    (b'{"class_relation": "maybe"}', "class_relation"),
    (b'{"class_relation": true}', "class_relation"),
    (b'{"accused": "teacher"}', "accused"),
    (b'{"accused_roles": "mentor"}', "accused_roles"),
    (b'{"accused_roles": ["mentor", 3]}', "accused_roles"),
    (b'{"accused_roles": [" "]}', "accused_roles"),
    (b'{"accused_roles": ["\\ud800"]}', "accused_roles"),
    (b'{"reporter": "unknown"}', "reporter"),
    (b'{"cyber": true, "cyber": false}', "cyber"),
    (b'{"accused_roles": [{"a": 1, "a": 2}]}', "a"),
    (b"[]", "object"),
    (b'"same"', "object"),
    (b"", "JSON"),
    (b"{", "JSON"),
    (b'{"cyber": true} x', "JSON"),
    (b'{"report_count": NaN}', "NaN"),
    (b'{"report_count": ' + b"9" * 5000 + b"}", "JSON"),
    (b"[" * 100_000, "deep"),
    (b'\xef\xbb\xbf{"cyber": true}', "JSON"),
    (b'{"reporter": "\xff"}', "UTF-8"),
    (b'{"evil\\nkey\\u001b": 1}', "evil"),
]


@pytest.mark.parametrize(("data", "named"), BAD)
def test_what_is_wrong_is_named_on_one_line(data, named):
    with pytest.raises(FactsError) as caught:
        parse_facts(data)
    message = str(caught.value)
    assert named in message
    assert message.isprintable()


def test_absent_means_unknown():
    assert parse_facts(b"{}") == Facts()
    assert parse_facts(b'{"class_relation": "unknown", "accused": "unknown"}') == Facts()


def test_roles_of_an_accused_mean_staff():
    assert parse_facts(b'{"accused_roles": ["mentor"]}').about_staff
    assert not parse_facts(b'{"accused_roles": []}').about_staff
    assert parse_facts('{"accused_roles": ["Leerlingcoördinator"]}'.encode()).accused_roles == (
        "Leerlingcoördinator",
    )


def test_going_on_counts_as_at_least_a_second_report():
    assert Facts(ongoing=True).level == 2
    assert Facts(ongoing=True, report_count=3).level == 3
    assert Facts().level == 1
