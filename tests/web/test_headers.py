"""Headers that keep a page from being kept, framed or fed; errors that give nothing away."""

import logging

import pytest
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from portal.services.errors import ConflictError, ForbiddenError, NotFoundError
from portal.web import context, errors, headers
from tests.web.pages import make_app


@pytest.fixture
def app(tmp_path):
    return make_app(tmp_path)


@pytest.fixture
def client(app):
    return app.test_client()


def _headers(client, path):
    with client.get(path) as answer:
        return answer.headers


@pytest.mark.parametrize("path", ["/", "/waterkant/", "/nergens/", "/waterkant/stuk"])
def test_every_page_is_kept_nowhere(client, path):
    assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/nergens/", "/waterkant/stuk", "/static/css/reporter.css"])
def test_every_answer_carries_the_security_headers(client, path):
    sent = _headers(client, path)
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["X-Frame-Options"] == "DENY"
    assert sent["Referrer-Policy"] == "no-referrer"
    assert sent["Cross-Origin-Opener-Policy"] == "same-origin"
    assert sent["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in sent["Permissions-Policy"]
    policy = sent["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Server" not in sent


def test_the_policy_lets_the_exit_through_and_nothing_else():
    policy = dict(
        part.strip().split(" ", 1)
        for part in headers.content_policy("https://weer.example/nu").split(";")
    )
    assert policy["form-action"] == "'self' https://weer.example"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == "'self'"
    assert policy["base-uri"] == "'none'"


def test_a_static_file_is_kept_for_ever_only_under_its_own_digest(app, client):
    with app.test_request_context():
        address = headers.asset("css/reporter.css")
    assert "immutable" in _headers(client, address)["Cache-Control"]
    for other in (
        "css/reporter.css?v=0",
        "css/reporter.css",
        "none.css",
        f"none.css?{address[-18:]}",
    ):
        assert _headers(client, f"/static/{other}")["Cache-Control"] == "no-store"


def test_strict_transport_only_over_tls(client):
    assert "Strict-Transport-Security" not in client.get("/").headers
    secure = client.get("/", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    ("fault", "code"),
    [(NotFoundError("x"), 404), (ForbiddenError("x"), 403), (ConflictError("x"), 409)],
)
def test_a_refusal_of_a_service_becomes_its_page(app, fault, code):
    with app.test_request_context("/waterkant/"):
        answer = errors.show_refusal(fault)
    assert answer.status_code == code
    assert "Naar de eerste pagina" in answer.get_data(as_text=True)


@pytest.mark.parametrize("code", [400, 403, 404, 405, 409, 413, 418, 429, 500, 503])
def test_every_error_page_shows_the_way_back_and_help(app, code):
    with app.test_request_context("/waterkant/"):
        app.preprocess_request()
        page = errors.error_page(code)
    text = page.get_data(as_text=True)
    assert page.status_code == code
    assert "Naar de eerste pagina" in text
    assert "tel:112" in text


def test_within_a_school_the_way_back_leads_to_that_school(tmp_path):
    client = make_app(tmp_path).test_client()
    client.application.view_functions["broken"] = lambda school: context.current_school().none
    assert 'href="/waterkant/verder"' in client.get("/waterkant/stuk").text
    assert 'href="/waterkant/verder"' not in client.get("/nergens/").text


def test_what_a_caller_must_know_stays(app, client):
    assert "GET" in client.post("/waterkant/hulp").headers["Allow"]
    with app.test_request_context("/"):
        busy = errors.show_http_error(ServiceUnavailable(retry_after=30))
        slow = errors.show_http_error(TooManyRequests(retry_after=60))
    assert (busy.headers["Retry-After"], slow.headers["Retry-After"]) == ("30", "60")
    assert busy.content_type.startswith("text/html")


def test_a_fault_shows_no_trace_and_logs_no_text(app, client, caplog):
    with caplog.at_level(logging.ERROR):
        answer = client.get("/waterkant/stuk")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    logged = "\n".join(logging.Formatter("%(message)s").format(record) for record in caplog.records)
    assert "RuntimeError in broken" in logged
    assert "NOOR" not in logged
    assert "waterkant" not in logged.lower()


def test_an_error_page_comes_even_when_the_layout_fails(app, monkeypatch):
    app.jinja_env.globals["asset"] = lambda name: 1 / 0
    answer = app.test_client().get("/nergens/")
    assert answer.status_code == 404
    assert "Deze pagina is er niet" in answer.text
    assert "tel:112" in answer.text


def test_the_database_may_be_gone(app):
    def gone():
        raise RuntimeError("no database")

    app.extensions[context.EXTENSION].session_factory = gone
    answer = app.test_client().get("/waterkant/")
    assert answer.status_code == 500
    assert "Het ligt niet aan jou" in answer.text
