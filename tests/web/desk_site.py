"""The real application on two small schools, with staff who are logged in without log-in pages."""

from __future__ import annotations

import atexit
import base64
import dataclasses
import functools
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from portal.app import create_app
from portal.config import Settings
from portal.demo import samples
from portal.demo.names import CLASSES
from portal.models import Case, CustodyEvent, EvidenceItem, Record, Report
from portal.services import runtime, schools, sessions, transaction, uploads
from portal.services.evidence import NEUTRAL_NAME
from tests.services import world as told
from tests.services.world import World

HERE, THERE = "waterkant", "heuvelrug"
STORY = "Bij de kluisjes zeiden ze dat ik nergens bij hoor."
NAME = "Fenna Voorbeeldkind"
FILE_NAMES = ("kluisje.png", "gesprek.zip", "plaatje.svg", "pagina.html", "twijfel.png")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
FORM = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Person:
    """Somebody at a screen, with a live session."""

    client: object
    token: str
    slug: str

    def get(self, path, **options):
        return self.client.get(f"/{self.slug}/bureau{path}", **options)

    def post(self, path, data=None, *, token=None, **options):
        fields = {"t": self.token if token is None else token, **(data or {})}
        address = f"/{self.slug}/bureau{path}"
        return self.client.post(address, data=fields, headers=FORM, **options)


class Site:
    """Two schools in one instance; one case with files at the first."""

    def __init__(self, folder, source=None):
        settings = Settings(instance_dir=folder)
        if source is not None:
            shutil.copytree(source.folder, folder, dirs_exist_ok=True)
        else:
            runtime.migrate(settings)
        self.folder = folder
        self.app = create_app(settings, clock=lambda: told.NOW)
        self.app.testing = True
        parts = self.app.extensions["portal"]
        self.factory = parts.session_factory
        if source is not None:
            self._take_over(source, parts)
            return
        self.here = told.make_world(self.factory, folder)
        self.there = told.make_world(self.factory, folder, protocol="borgen")
        self.here.store = parts.store
        self.mentor = self.here.mentor_of(CLASSES[0][0])
        self.shut_out = self.here.mentor_of(CLASSES[1][0])
        self.accused = self.here.mentor_of(CLASSES[2][0])
        with self.factory() as session:
            self._report(session)
        with self.factory() as session:
            self.case_id = session.scalars(select(Case.id)).one()
            query = select(Report.id).where(Report.case_id.is_not(None))
            self.report_id = session.scalars(query).one()
            self.evidence = self._evidence(session)
        self.factory.kw["bind"].dispose()

    def _take_over(self, source, parts):
        own = {"factory": self.factory, "store": parts.store, "settings": parts.settings}
        self.here = dataclasses.replace(source.here, **own)
        self.there = dataclasses.replace(source.there, **own)
        for name in ("mentor", "shut_out", "accused", "case_id", "report_id", "evidence"):
            setattr(self, name, getattr(source, name))

    def _report(self, session):
        answers = told.answers(
            self.here,
            story=STORY,
            name={"who": "handlers", "name": NAME},
            readers={"exclude": [self.here.ids[self.shut_out]]},
            when={"moment": "sinds de herfst"},
        )
        live = told.begin(self.here, session, answers)
        files = (samples.png(), samples.whatsapp_zip(), SVG, HTML)
        told.upload(self.here, session, live, *zip(FILE_NAMES, files, strict=False))
        self._upload_doubtful(session, live)
        told.send(self.here, session, live)

    def _upload_doubtful(self, session, live):
        """No page sends such a file; the desk must hold when one is there all the same."""
        sink = uploads.begin(
            session,
            live=live,
            school=self.here.school,
            store=self.here.store,
            name=FILE_NAMES[-1],
            declared_type="image/png",
            settings=self.here.settings,
            intimate="unsure",
        )
        sink.write(samples.png(2))
        sink.finish()
        uploads.record(session, live=live, school=self.here.school, finished=[sink], now=told.NOW)
        transaction.commit(session)

    def _evidence(self, session):
        """Ids of the evidence items by file name."""
        person = self.log_in(self.mentor)
        page = person.get(f"/zaken/{self.case_id}/").get_data(as_text=True)
        found = {}
        for item in session.scalars(select(EvidenceItem.id)):
            label = re.search(rf'{item}/">.*?: B\d ([^<]+)</span>', page)
            found[{NEUTRAL_NAME: FILE_NAMES[-1]}.get(label.group(1), label.group(1))] = item
        return found

    def log_in(self, code, world: World | None = None):
        """Begin a session as the log-in page does, once passphrase and digits were right."""
        world = world or self.here
        with self.factory() as session:
            live = sessions.begin(
                session,
                kind=sessions.STAFF,
                school_id=world.school.id,
                data={"staff": world.ids[code], "identity": str(world.identities[code])},
                now=told.NOW,
                staff_id=world.ids[code],
            )
            transaction.commit(session)
            client = self.app.test_client()
            value = base64.urlsafe_b64encode(live.cookie).decode().rstrip("=")
            client.set_cookie("v", value)
            return Person(client, live.csrf_token, world.school.slug)

    def count(self, model):
        """Count the rows of a table."""
        with self.factory() as session:
            return session.scalar(select(func.count()).select_from(model))

    def written(self):
        """How much is in the log and in the sealed records."""
        return self.count(CustodyEvent), self.count(Record), self.count(Case)

    def addresses(self, method, case_id, evidence_id):
        """Every staff address of a case that answers a method, with these ids in it."""
        given = {
            "school": HERE,
            "case_id": case_id,
            "evidence_id": evidence_id,
            "person_id": evidence_id,
            "kind": "clear",
        }
        adapter = self.app.url_map.bind("localhost")
        return {
            rule.endpoint: adapter.build(rule.endpoint, {k: given[k] for k in rule.arguments})
            for rule in self.app.url_map.iter_rules()
            if method in rule.methods and "case_id" in rule.arguments
        }

    def open_school(self, slug):
        """Give a school as services see it."""
        with self.factory() as session:
            return schools.find(session, slug=slug)


@functools.cache
def filled_once():
    """Fill a site; what looks at its files takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="desk"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Site(folder)


def copy_of_site(folder):
    """Give a copy of a site that is filled once for all tests."""
    return Site(folder, filled_once())
