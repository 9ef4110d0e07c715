"""Addresses as nobody means them: bytes that a database refuses, a host that is not ours."""

import pytest
from sqlalchemy import event

from tests.web import desk_site
from tests.web.reporter_site import SLUG, Site


@pytest.fixture
def strict(tmp_path):
    """A site whose database refuses a NUL in a text, as PostgreSQL does."""
    site = desk_site.copy_of_site(tmp_path)
    engine = site.factory.kw["bind"]

    def refuse(_connection, _cursor, _statement, parameters, *_more):
        if "\0" in str(parameters) or "\\x00" in repr(parameters):
            raise ValueError("a text cannot hold NUL")

    event.listen(engine, "before_cursor_execute", refuse)
    return site


def test_a_nul_in_an_address_is_no_page(strict):
    person = strict.log_in(strict.mentor)
    adapter = strict.app.url_map.bind("localhost")
    tried = 0
    for rule in strict.app.url_map.iter_rules():
        for argument in rule.arguments - {"filename", "kind"}:
            values = dict.fromkeys(rule.arguments, "clear") | {"school": desk_site.HERE}
            address = adapter.build(rule.endpoint, values | {argument: "a\0b"})
            method = next(one for one in ("GET", "POST", *rule.methods) if one in rule.methods)
            answer = person.client.open(address, method=method, headers=desk_site.FORM)
            assert answer.status_code == 404, (rule, argument)
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("path", [f"/{SLUG}/bureau", f"/{SLUG}//bureau", f"/{SLUG}"])
def test_a_redirect_names_no_host(tmp_path, path):
    client = Site(tmp_path).app.test_client()
    answer = client.get(path + "?next=1", headers={"Host": "evil.example"})
    assert answer.status_code == 308
    assert answer.headers["Location"].startswith(f"/{SLUG}/")
    assert "evil" not in answer.headers["Location"]


@pytest.mark.parametrize("back", ["\r\nX-Bad: 1", "a\nb", "a\0b", "\\evil.example"])
def test_going_on_leads_to_no_broken_address(tmp_path, back):
    site = Site(tmp_path)
    phone = site.phone()
    phone.tell()
    site.clock.forward(minutes=11)
    token = phone.get("vraag/verhaal").form("/hier")["fields"]["t"]
    body = {"t": token, "then": "go", "back": f"/{SLUG}/{back}"}
    answer = phone.client.post(f"/{SLUG}/hier", data=body)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/{SLUG}/vraag/verhaal"
