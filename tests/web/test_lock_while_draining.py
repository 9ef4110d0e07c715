"""While a refused body trickles in, nobody waits for the write lock."""

from portal.db import begin_write
from portal.web.body import drain
from portal.web.reporter import receiving
from tests.web.reporter_site import Site


def test_the_notes_of_a_refused_body_are_committed_before_the_rest_is_read(tmp_path, monkeypatch):
    site = Site(tmp_path)
    phone = site.phone()
    phone.tell()
    written = []

    def read_out(stream):
        with site.app.extensions["portal"].session_factory() as other:
            begin_write(other)  # would wait for 30 s, and fail
            written.append(True)
        return drain(stream)

    monkeypatch.setattr(receiving, "drain", read_out)
    phone.upload(("leeg.png", b""))
    assert written
    assert "leeg.png" in phone.page.text
