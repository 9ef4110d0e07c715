"""Checks before and around the reading of a body."""

import io

import pytest

from portal.web.body import BodiesFull, BodyBroken, BodyGate, drain, same_origin, timed_stream
from tests.web.reporter_site import SLUG, STORY, Site

OURS = {"https://melden.voorbeeld.nl"}


def test_a_full_gate_refuses_at_once_and_opens_again():
    gate = BodyGate(2)
    with gate.hold(), gate.hold(), pytest.raises(BodiesFull), gate.hold():
        pass
    with gate.hold():
        pass


def test_a_place_is_given_back_after_an_error():
    gate = BodyGate(1)
    for _ in range(3):
        with pytest.raises(RuntimeError), gate.hold():
            raise RuntimeError


def test_draining_reads_to_the_end_but_not_past_its_limit():
    source = io.BytesIO(b"x" * 5000)
    assert drain(source)
    assert source.read() == b""
    long = io.BytesIO(b"x" * 5000)
    assert not drain(long, limit=1000)
    assert long.tell() == 1000


def test_draining_a_lost_connection_ends():
    class Lost:
        def read(self, size, /):
            raise ConnectionResetError

    assert not drain(Lost())


def test_a_server_parse_error_is_told_as_a_broken_body():
    class Malformed:
        def read(self, size, /):
            raise LookupError("chunk")

    with pytest.raises(BodyBroken):
        timed_stream({"wsgi.input": Malformed()}).read(10)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"HTTP_ORIGIN": "https://melden.voorbeeld.nl"}, True),
        ({"HTTP_ORIGIN": "https://MELDEN.voorbeeld.nl"}, True),
        ({"HTTP_ORIGIN": "https://evil.example"}, False),
        ({"HTTP_ORIGIN": "http://melden.voorbeeld.nl"}, False),
        ({"HTTP_ORIGIN": "https://melden.voorbeeld.nl:8443"}, False),
        ({"HTTP_ORIGIN": "null"}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "null"}, True),
        ({"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": "null"}, False),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": "none"}, True),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "https://evil.example"}, False),
    ],
)
def test_only_our_own_pages_may_change_something(headers, allowed):
    assert same_origin(headers, OURS) is allowed


class Refused:
    """A body that no thread may wait for, as `portal serve` hands it to the portal."""

    def read(self, size=-1, /):
        raise BodiesFull


@pytest.mark.parametrize(
    "path", ["begin", "vraag/verhaal", "verder", "bestanden", "bureau/inloggen"]
)
def test_a_body_that_must_wait_gets_a_page_that_says_so(tmp_path, path):
    site = Site(tmp_path)
    phone = site.phone()
    phone.tell()
    response = phone.client.post(
        f"/{SLUG}/{path}",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": Refused(), "CONTENT_LENGTH": "100000"},
    )
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "Het is hier even druk" in response.get_data(as_text=True) or path == "bestanden"
    assert STORY[:20] in phone.get("vraag/verhaal").html
