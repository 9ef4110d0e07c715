"""What happens beside an upload that is under way: other requests, other pages, other sessions."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from evidence_store import EvidenceStore, Identity
from evidence_store.backends import LocalBackend
from portal.models import EvidenceItem, Upload
from portal.services import resumable, worker
from tests.web.reporter_site import SLUG, Site
from tests.web.tus_sender import CHUNK, VERSION, Sender, content


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    made = site.phone()
    made.tell()
    return made


@pytest.fixture
def sender(phone):
    return Sender(phone)


def fingerprint(data):
    digest = hashlib.sha256(data).hexdigest().upper()
    return f"{digest[:4]} {digest[4:8]}"


def files_of(site):
    folder = site.settings.instance_dir / "evidence"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class Body(io.BytesIO):
    """A body during whose reading something happens: it is called with the bytes that went."""

    def __init__(self, data, happens):
        super().__init__(data)
        self.happens = happens

    def readinto(self, buffer, /):
        self.happens(self.tell())
        return super().readinto(buffer)


def patch(site, phone, sender, address, body, size):
    client = site.app.test_client()
    client.set_cookie("v", phone.client.get_cookie("v").value)
    return client.patch(
        address,
        headers={
            **VERSION,
            "X-CSRF-Token": sender.token,
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        },
        input_stream=body,
        content_length=size,
    )


def test_of_two_that_send_at_once_one_wins_and_nothing_is_mixed(site, phone, sender):
    bodies = [content(6 * CHUNK, seed) for seed in (1, 2)]
    address = sender.begin(6 * CHUNK)
    barrier = threading.Barrier(2)

    def wait(gone):
        if not gone:
            barrier.wait(20)

    def send(data):
        return patch(site, phone, sender, address, Body(data, wait), len(data)).status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = sorted(threads.map(send, bodies))
    assert statuses == [204, 409]
    phone.send()
    assert [item.size for item in site.session.scalars(select(EvidenceItem))] == [6 * CHUNK]
    assert any(fingerprint(data) in phone.page.text for data in bodies)


def test_bytes_never_land_elsewhere_than_where_they_were_meant(site, sender, monkeypatch):
    """Another request writes between our look and our first byte."""
    data = content(4 * CHUNK)
    address = sender.begin(len(data))
    real = resumable.go_on

    def overtaken(*given, **more):
        monkeypatch.undo()
        with real(*given, **more) as other:
            other.write(data[:CHUNK])
        return real(*given, **more)

    monkeypatch.setattr(resumable, "go_on", overtaken)
    answer = sender.patch(address, 0, content(4 * CHUNK, seed=2))
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, str(CHUNK))
    assert sender.patch(address, CHUNK, data[CHUNK:]).status_code == 204


def test_what_broke_off_is_listed_without_scripts_and_can_be_taken_away(site, phone, sender):
    address = sender.begin(4 * CHUNK, mark="m")
    sender.patch(address, 0, content(4 * CHUNK)[: 2 * CHUNK])
    page = phone.get("bestanden")
    assert "film.mp4" in page.text
    assert "Kies het nog een keer, dan gaat het verder." in page.text
    assert 'value="50"' in page.html
    phone.submit("/haal-weg", {"remove": address.rpartition("/")[2]})
    assert "film.mp4" not in phone.page.text
    assert files_of(site) == []


def test_a_reporter_who_came_back_can_send_so_too(site, phone):
    phone.send()
    back = site.phone()
    back.post("verder", {"code": phone.code()})
    back.get("gesprek/bestanden")
    token = back.page.form("/vraag")["fields"]["t"]
    data = content(2 * CHUNK)
    sender = Sender.__new__(Sender)
    sender.client, sender.token = back.client, token
    address = sender.begin(len(data))
    assert "film.mp4" in back.get("gesprek/bestanden").text
    assert sender.patch(address, 0, data).headers["Upload-Offset"] == str(len(data))
    assert fingerprint(data) in back.get("gesprek").text
    assert len(site.session.scalars(select(EvidenceItem)).all()) == 1


def test_what_is_under_way_when_the_report_is_sent_does_not_go_along(site, phone, sender):
    address = sender.begin(4 * CHUNK)
    sender.patch(address, 0, content(4 * CHUNK)[: 2 * CHUNK])
    phone.send()
    assert sender.ask("HEAD", address).status_code == 404
    assert sender.patch(address, 2 * CHUNK, content(2 * CHUNK)).status_code == 404
    assert site.session.scalars(select(EvidenceItem)).all() == []
    site.clock.forward(hours=3)
    worker.run_once(site.app.extensions["portal"], holder="w", now=site.clock())
    assert site.session.scalars(select(Upload)).all() == []
    assert files_of(site) == []


def test_a_file_whose_draft_is_wiped_in_its_last_moment_leaves_nothing(site, phone, sender):
    data = content(2 * CHUNK)
    address = sender.begin(len(data))

    def leave():
        phone.get("bestanden")
        phone.submit("/weg", follow=False)

    def happens(gone):
        if gone == CHUNK:
            other = threading.Thread(target=leave)
            other.start()
            other.join()

    answer = patch(site, phone, sender, address, Body(data, happens), len(data))
    assert answer.status_code == 410
    assert files_of(site) == []
    assert site.session.scalars(select(EvidenceItem)).all() == []


def test_parts_of_a_killed_form_are_swept_a_day_later(site):
    backend = LocalBackend(site.settings.instance_dir / "evidence")
    store = EvidenceStore(backend)
    left, living = backend.begin("a" * 26), backend.begin("b" * 26)
    left.append(b"cut off")
    left.close()
    living.append(b"still coming")
    to = [Identity.generate().recipient]
    forgotten = store.begin_resumable(to, size=5)  # killed before its row was written
    parts, orphans = site.app.extensions["portal"], worker.Orphans()
    names = ["a" * 26, "b" * 26, forgotten.id]
    for hours, there in ((0, names), (23, names), (2, names[1:2])):
        site.clock.forward(hours=hours)
        worker.run_once(parts, holder="w", now=site.clock(), orphans=orphans)
        assert files_of(site) == sorted(f"{name}.part" for name in there)
    living.abort()


def test_an_upload_of_another_school_is_not_found(site, sender):
    address = sender.begin(10)
    elsewhere = address.replace(f"/{SLUG}/", "/elders/")
    assert sender.ask("HEAD", elsewhere).status_code == 404
