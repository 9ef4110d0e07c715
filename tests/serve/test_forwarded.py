"""Who the client is, when a proxy stands before us and when somebody pretends so."""

import pytest

from portal.serve.forwarded import Forwarded, trusted_networks


def seen(trusted: str, **environ: str) -> tuple[str, dict[str, str]]:
    """The status, and what the portal was told."""
    told: dict[str, str] = {}
    status = []

    def portal(environment, start_response):
        told.update(environment)
        start_response("200 OK", [])
        return [b""]

    app = Forwarded(portal, trusted_networks(trusted))
    list(app({"wsgi.url_scheme": "http", **environ}, lambda line, headers: status.append(line)))
    return status[0], told


def test_the_last_address_of_a_trusted_proxy_counts():
    status, told = seen(
        "10.0.0.2, 10.1.0.0/16", REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR="1.1.1.1, 9.9.9.9"
    )
    assert (status, told["REMOTE_ADDR"]) == ("200 OK", "9.9.9.9")


@pytest.mark.parametrize("said", ["", "geen adres", "1.1.1.1,", "1.1.1.1:8080"])
def test_an_unreadable_address_leaves_the_proxys_own(said):
    _, told = seen("10.0.0.2", REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR=said)
    assert told["REMOTE_ADDR"] == "10.0.0.2"


def test_nobody_else_can_name_an_address():
    _, told = seen("10.0.0.2", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1")
    assert told["REMOTE_ADDR"] == "127.0.0.1"
    assert "HTTP_X_FORWARDED_FOR" not in told


def test_a_proxy_on_a_double_stack_is_recognised():
    _, told = seen("10.0.0.2", REMOTE_ADDR="::ffff:10.0.0.2", HTTP_X_FORWARDED_FOR="9.9.9.9")
    assert told["REMOTE_ADDR"] == "9.9.9.9"


def test_plain_http_from_elsewhere_never_reaches_the_portal():
    status, told = seen("10.0.0.2", REMOTE_ADDR="10.0.0.7")
    assert status.startswith("403")
    assert told == {}


def test_tls_from_elsewhere_does():
    status, _ = seen("", REMOTE_ADDR="198.51.100.7", **{"wsgi.url_scheme": "https"})
    assert status == "200 OK"
