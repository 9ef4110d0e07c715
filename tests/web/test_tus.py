"""Resumable uploads over HTTP: the protocol, its edges, and what a reporter sees of them."""

import base64
import hashlib

import pytest
from sqlalchemy import select

from portal.models import EvidenceItem, Upload
from portal.services import upload_state, worker
from tests.web.reporter_site import Site
from tests.web.tus_sender import CHUNK, ENDPOINT, VERSION, Sender, content, metadata

LIMIT = 1_000_000


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, max_file_bytes=LIMIT, max_report_bytes=2 * LIMIT)


@pytest.fixture
def phone(site):
    made = site.phone()
    made.tell()
    return made


@pytest.fixture
def sender(phone):
    return Sender(phone)


def kept(site):
    site.session.expire_all()
    return site.session.scalars(select(EvidenceItem)).all()


def files_of(site):
    folder = site.settings.instance_dir / "evidence"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def fingerprint(data):
    digest = hashlib.sha256(data).hexdigest().upper()
    return f"{digest[:4]} {digest[4:8]}"


def test_options_say_what_is_offered(sender):
    answer = sender.client.open(ENDPOINT, method="OPTIONS")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(LIMIT)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "checksum",
        "termination",
        "expiration",
    }


@pytest.mark.parametrize("said", ["", "-1", "1e3", "9" * 5000, "0" * 5000 + "7", "\u0663"])
def test_what_is_no_number_is_refused_and_breaks_nothing(sender, said):
    written = said.encode().decode("latin-1")
    assert sender.create(written).status_code == 400
    address = sender.begin(2 * CHUNK)
    answer = sender.patch(address, 0, content(CHUNK), {"Upload-Offset": written})
    assert answer.status_code == 400
    assert sender.offset(address) == 0


def test_a_file_in_one_go_is_listed_as_any_other(site, phone, sender):
    data = content(3 * CHUNK + 7)
    address = sender.begin(len(data))
    answer = sender.patch(address, 0, data)
    assert answer.status_code == 204
    assert answer.headers["Upload-Offset"] == str(len(data))
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert "film.mp4" in phone.get("bestanden").text
    phone.send()
    assert fingerprint(data) in phone.page.text
    assert [item.size for item in kept(site)] == [len(data)]
    assert files_of(site) == sorted([kept(site)[0].object_id, f"{kept(site)[0].object_id}.digest"])


def test_only_whole_chunks_count_and_the_tail_comes_again(sender):
    data = content(4 * CHUNK)
    address = sender.begin(len(data))
    answer = sender.patch(address, 0, data[: CHUNK + 1000])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(CHUNK))
    assert "Upload-Expires" in answer.headers
    assert sender.offset(address) == CHUNK
    answer = sender.patch(address, CHUNK, data[CHUNK:])
    assert answer.headers["Upload-Offset"] == str(len(data))


def test_a_body_that_breaks_off_keeps_its_whole_chunks(sender):
    data = content(4 * CHUNK)
    address = sender.begin(len(data))
    sender.patch(address, 0, data[: 2 * CHUNK + 9], length=len(data))
    assert sender.offset(address) == 2 * CHUNK
    assert sender.patch(address, 2 * CHUNK, data[2 * CHUNK :]).status_code == 204


def test_a_piece_in_which_no_chunk_fits_is_refused_or_clients_would_go_on_for_ever(sender):
    address = sender.begin(3 * CHUNK)
    assert sender.patch(address, 0, b"x" * 1000).status_code == 400


def test_a_wrong_offset_is_refused_with_the_true_one(sender):
    data = content(3 * CHUNK)
    address = sender.begin(len(data))
    sender.patch(address, 0, data[:CHUNK])
    for offset in (0, 1, CHUNK - 1, 2 * CHUNK, 3 * CHUNK):
        answer = sender.patch(address, offset, data[:10])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, str(CHUNK)), offset


def test_a_retried_piece_with_other_bytes_changes_nothing(site, phone, sender):
    data = content(3 * CHUNK)
    address = sender.begin(len(data))
    sender.patch(address, 0, data[: 2 * CHUNK])
    assert sender.patch(address, 0, content(2 * CHUNK, seed=2)).status_code == 409
    assert sender.patch(address, 2 * CHUNK, data[2 * CHUNK :]).status_code == 204
    phone.send()
    assert fingerprint(data) in phone.page.text


def test_a_finished_upload_says_so_and_takes_nothing_more(site, sender):
    data = content(CHUNK + 5)
    address = sender.begin(len(data))
    sender.patch(address, 0, data)
    assert sender.offset(address) == len(data)
    assert sender.patch(address, len(data), b"").status_code == 204
    assert sender.patch(address, 0, data).status_code == 409
    assert sender.patch(address, CHUNK, data[CHUNK:]).status_code == 409
    assert sender.patch(address, len(data), b"more").status_code == 204
    assert len(kept(site)) == 1
    assert kept(site)[0].size == len(data)


def test_a_last_chunk_whose_answer_was_lost_before_listing_comes_again(site, sender, monkeypatch):
    """Killed between the last chunk and the listing: the client never hears that all is there."""
    data = content(2 * CHUNK + 5)
    address = sender.begin(len(data))

    def killed(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("portal.services.uploads.record", killed)
        with pytest.raises(KeyboardInterrupt):
            sender.patch(address, 0, data)
    assert sender.offset(address) == 2 * CHUNK
    assert sender.patch(address, 2 * CHUNK, data[2 * CHUNK :]).status_code == 204
    assert sender.offset(address) == len(data)
    assert len(kept(site)) == 1


def test_other_bytes_for_a_chunk_that_is_on_disk_end_the_upload(site, sender, monkeypatch):
    data = content(CHUNK + 5)
    address = sender.begin(len(data))
    with monkeypatch.context() as patched:
        patched.setattr("portal.services.uploads.record", lambda *_a, **_m: 1 / 0)
        sender.client.application.testing = False
        sender.patch(address, 0, data)
        sender.client.application.testing = True
    assert sender.offset(address) == CHUNK
    assert sender.patch(address, CHUNK, b"other").status_code == 410
    assert sender.ask("HEAD", address).status_code == 404
    assert files_of(site) == []


def test_another_session_does_not_find_an_upload(site, sender):
    address = sender.begin(3 * CHUNK)
    other_phone = site.phone()
    other_phone.tell()
    other = Sender(other_phone)
    assert other.ask("HEAD", address).status_code == 404
    assert other.patch(address, 0, content(3 * CHUNK)).status_code == 404
    assert other.ask("DELETE", address).status_code == 404
    nobody = site.app.test_client()
    assert nobody.head(address, headers=VERSION).status_code == 404
    assert sender.offset(address) == 0


def test_a_request_of_another_page_is_refused_before_its_body(sender):
    size = 3 * CHUNK
    address = sender.begin(size)
    for headers in (
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": "wrong"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://elsewhere.example"},
    ):
        assert sender.patch(address, 0, content(size), headers).status_code == 403
        assert sender.create(size, headers).status_code == 403
        assert sender.ask("DELETE", address, headers).status_code == 403
    assert sender.offset(address) == 0


def test_another_version_is_told_ours(sender):
    for version in (None, "0.2.2", "2.0.0"):
        answer = sender.create(10, {"Tus-Resumable": version})
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


BEGINNINGS = [
    ({"Upload-Length": None}, 400),
    ({"Upload-Length": "-1"}, 400),
    ({"Upload-Length": "0"}, 400),
    ({"Upload-Length": "٣"}, 400),
    ({"Upload-Length": None, "Upload-Defer-Length": "1"}, 400),
    ({"Upload-Length": str(LIMIT + 1)}, 413),
    ({"Upload-Metadata": "filename !!"}, 400),
    ({"Upload-Metadata": None}, 403),
    ({"Upload-Metadata": metadata(filename="a", intimate="unsure")}, 403),
    ({"Upload-Metadata": metadata(intimate="no", filename="a" * 5000)}, 400),
]
GOINGS = [
    ({"Content-Type": "application/octet-stream"}, 415),
    ({"Upload-Offset": None}, 400),
    ({"Upload-Offset": "x"}, 400),
    ({"Tus-Resumable": "0.1"}, 412),
]


def test_what_cannot_begin(site, sender):
    for given, status in BEGINNINGS:
        headers = {key: value and value.encode().decode("latin-1") for key, value in given.items()}
        assert sender.create(1000, headers).status_code == status, given
    assert files_of(site) == []


def test_what_cannot_go_on(sender):
    data = content(CHUNK * 2)
    address = sender.begin(len(data))
    for headers, status in GOINGS:
        assert sender.patch(address, 0, data, headers).status_code == status, headers
        assert sender.offset(address) == 0


def test_more_than_was_said_is_refused(sender):
    address = sender.begin(CHUNK)
    assert sender.patch(address, 0, b"x" * (CHUNK + 1)).status_code == 413
    assert sender.offset(address) == 0


def test_a_checksum_is_checked_before_anything_is_kept(sender):
    data = content(3 * CHUNK)
    for algorithm in ("sha256", "sha1"):
        address = sender.begin(len(data))
        digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
        said = {"Upload-Checksum": f"{algorithm} {digest}"}
        assert sender.patch(address, 0, data[:-1] + b"x", said).status_code == 460
        assert sender.offset(address) == 0
        assert sender.patch(address, 0, data, {"Upload-Checksum": "md5 x"}).status_code == 400
        answer = sender.patch(address, 0, data, said)
        assert answer.headers["Upload-Offset"] == str(len(data))


def test_a_cancelled_upload_leaves_nothing(site, sender):
    address = sender.begin(3 * CHUNK)
    sender.patch(address, 0, content(2 * CHUNK))
    assert len(files_of(site)) == 1
    assert sender.ask("DELETE", address).status_code == 204
    assert files_of(site) == []
    assert sender.ask("HEAD", address).status_code == 404


def test_a_finished_upload_cannot_be_cancelled_behind_the_list(site, sender):
    address = sender.begin(100)
    sender.patch(address, 0, content(100))
    assert sender.ask("DELETE", address).status_code == 409
    assert len(kept(site)) == 1
    assert len(files_of(site)) == 2


def test_the_limits_hold_over_uploads_that_are_under_way(site, phone, sender):
    sender.begin(LIMIT)
    assert sender.create(LIMIT + 1).status_code == 413
    sender.begin(LIMIT - 100)
    assert sender.create(101).status_code == 413
    assert sender.create(100).status_code == 201
    phone.upload(("a.txt", b"x"))
    assert "Er past niets meer bij" in phone.page.text
    assert kept(site) == []


def test_only_so_many_are_under_way_at_once(sender):
    for _ in range(50):
        sender.begin(10)
    assert sender.create(10).status_code == 429


def test_the_same_file_chosen_again_goes_on_where_it_was(sender):
    data = content(3 * CHUNK)
    address = sender.begin(len(data), mark="m1")
    sender.patch(address, 0, data[: 2 * CHUNK])
    again = sender.create(len(data), mark="m1")
    assert again.headers["Location"] == address
    assert again.headers["Upload-Offset"] == str(2 * CHUNK)
    for other in (
        sender.begin(len(data), mark="m2"),
        sender.begin(len(data), mark="m1", filename="b.mp4"),
        sender.begin(len(data) - 1, mark="m1"),
        sender.begin(len(data)),
        sender.begin(len(data)),
    ):
        assert other != address
        assert sender.offset(other) == 0


def test_a_head_gives_the_metadata_back(sender):
    address = sender.begin(10, filename="föhn.png")
    answer = sender.ask("HEAD", address)
    assert answer.headers["Upload-Metadata"] == metadata(filename="föhn.png", intimate="no")
    assert answer.headers["Upload-Length"] == "10"
    assert answer.headers["Cache-Control"] == "no-store"


def test_after_a_restart_of_the_machine_it_begins_anew_under_another_key(site, sender, monkeypatch):
    """Only between two starts is the part's length all that was ever written."""
    data = content(3 * CHUNK)
    address = sender.begin(len(data))
    sender.patch(address, 0, data[: 2 * CHUNK])
    before = files_of(site)
    monkeypatch.setattr(upload_state, "boot_id", lambda: "another start")
    assert sender.offset(address) == 0
    assert sender.patch(address, 2 * CHUNK, data[2 * CHUNK :]).status_code == 409
    answer = sender.patch(address, 0, data)
    assert answer.headers["Upload-Offset"] == str(len(data))
    assert set(files_of(site)).isdisjoint(before)
    assert len(kept(site)) == 1


def test_leaving_takes_what_came_along(site, phone, sender):
    address = sender.begin(3 * CHUNK)
    sender.patch(address, 0, content(2 * CHUNK))
    phone.get("bestanden")
    phone.submit("/weg", follow=False)
    assert sender.ask("HEAD", address).status_code == 404
    site.session.expire_all()
    worker.run_once(site.app.extensions["portal"], holder="w", now=site.clock())
    assert site.session.scalars(select(Upload)).all() == []
    assert files_of(site) == []


def test_parts_of_an_ended_session_are_swept(site, sender):
    sender.patch(sender.begin(3 * CHUNK), 0, content(2 * CHUNK))
    done = sender.begin(100)
    sender.patch(done, 0, content(100))
    site.clock.forward(hours=2, minutes=1)
    worker.run_once(site.app.extensions["portal"], holder="w", now=site.clock())
    site.session.expire_all()
    assert site.session.scalars(select(Upload)).all() == []
    assert not [name for name in files_of(site) if name.endswith(".part")]
    assert len(kept(site)) == 1
