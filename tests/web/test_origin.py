"""Browsers that do not say where a request comes from: our own pages send no referrer."""

import pytest

from tests.web.reporter_site import STORY, Site


@pytest.fixture
def phone(tmp_path):
    return Site(tmp_path).phone()


def test_a_phone_without_fetch_metadata_sends_a_report(phone):
    phone.client.environ_base["HTTP_ORIGIN"] = "null"
    phone.tell(STORY)
    phone.send()
    assert phone.path.endswith("/klaar")
    assert len(phone.code()) == 16


def test_without_the_token_such_a_request_changes_nothing(phone):
    phone.begin()
    refused = phone.client.post(
        "/linde/vraag/verhaal", data={"story-story": STORY}, headers={"Origin": "null"}
    )
    assert refused.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_begins_nothing(phone, headers):
    refused = phone.client.post("/linde/begin", data={"perspective": "self"}, headers=headers)
    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers
