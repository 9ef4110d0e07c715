"""A real application on a founded school, and a browser without JavaScript that fills its forms."""

import atexit
import functools
import io
import re
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from evidence_store import Identity
from portal.app import create_app
from portal.config import Settings
from portal.db import make_engine, make_session_factory
from portal.models import Base, School, StaffMember
from portal.protocols import load
from portal.services import founding, roster_files, schools, transaction
from portal.services.instance_keys import InstanceKeys
from tests.services.founded import Founded, activate_and_confirm

MORNING = datetime(2026, 11, 17, 8, 31, tzinfo=UTC)
SLUG = "linde"
STORY = "Sinds de herfst staan er foto’s van mij in een groepsapp."

PROTOCOL = "cals"
STAFF_CSV = """code;naam;email;rollen;klassen;jaarlagen;vervanger
BAK;Mevrouw Bakker;bakker@school.example;mentor;1A;;WIT
WIT;Meneer De Wit;dewit@school.example;mentor;1B;;BAK
VOS;Mevrouw Vos;vos@school.example;leerlingcoordinator;;1;
DAM;Meneer Dam;dam@school.example;schoolleiding;;;
LUI;Mevrouw Luiten;luiten@school.example;bestuur;;;
JAN;Meneer Jansen;jansen@school.example;docent;1A,1B;;
"""
CLASSES_CSV = """klas;jaarlaag;locatie;mentor;leerlingcoordinator
1A;1;Hoofdgebouw;BAK;VOS
1B;1;Hoofdgebouw;WIT;VOS
"""


def found(session):
    """Found the school with everybody whom its protocol needs."""
    holders = [Identity.generate() for _ in range(3)]
    files = roster_files.read_pair(STAFF_CSV.encode(), CLASSES_CSV.encode(), load(PROTOCOL))
    invited = founding.found(
        session,
        slug=SLUG,
        name="Lindecollege",
        protocol_key=PROTOCOL,
        place="Utrecht",
        files=files,
        holders=[
            founding.Holder("Mevrouw Bakker", str(holders[0].recipient), "BAK"),
            founding.Holder("Ans Peters", str(holders[1].recipient)),
            founding.Holder("Piet Mol", str(holders[2].recipient)),
        ],
        founder_code="VOS",
        keys=InstanceKeys(b"k" * 32),
        now=MORNING,
    )
    transaction.commit(session)
    view = schools.find(session, slug=SLUG)
    return Founded(session, view, holders, {item.login.upper(): item.code for item in invited})


@functools.cache
def founded_once():
    """A folder with the founded and opened school: its keys take seconds, so once for all tests."""
    folder = Path(tempfile.mkdtemp(prefix="school"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    session = open_session(folder)
    Base.metadata.create_all(session.get_bind())
    founded = found(session)
    actors = activate_and_confirm(founded, "BAK", "WIT", "DAM", "LUI", "JAN")
    school = session.scalars(select(School)).one()
    school.opened_at = MORNING
    transaction.commit(session)
    session.close()
    session.get_bind().dispose()
    return folder, founded, actors


def copy_of_founded(folder):
    """Copy the founded school into this folder and open it there."""
    source, founded, actors = founded_once()
    shutil.copytree(source, folder, dirs_exist_ok=True)
    session = open_session(folder)
    view = schools.find(session, slug=SLUG)
    return Founded(session, view, founded.holders, founded.codes), actors


def open_session(folder):
    engine = make_engine(Settings(instance_dir=folder).resolved_database_url)
    return make_session_factory(engine)()


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.moment = MORNING

    def __call__(self):
        return self.moment

    def forward(self, **time):
        self.moment += timedelta(**time)


IN_A_SENTENCE = {"bdi"}


class Page(HTMLParser):
    """The forms, links and text of a page."""

    def __init__(self, response):
        super().__init__()
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        self.forms, self.links, self.title, self.text = [], [], "", ""
        self._form = self._area = None
        self._in, self._apart = "", " "
        self.tied = []
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._in = tag
        self._apart = "" if tag in IN_A_SENTENCE else " "
        if tag == "form":
            self._form = {"action": given.get("action", ""), "fields": {}, "buttons": []}
            self.forms.append(self._form)
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif tag in ("button", "textarea") and "form" in given:
            self.tied.append(given)
        elif self._form is not None and tag == "button":
            self._form["buttons"].append((given.get("name"), given.get("value")))
        elif self._form is not None and tag == "input":
            self._input(given)
        elif self._form is not None and tag == "textarea":
            self._area = given["name"]
            self._form["fields"][self._area] = ""

    def _input(self, given):
        kind = given.get("type", "text")
        if kind == "file" or (kind in ("radio", "checkbox") and "checked" not in given):
            return
        name = given["name"]
        if kind == "checkbox":
            self._form["fields"].setdefault(name, []).append(given.get("value", "on"))
        else:
            self._form["fields"][name] = given.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._area = None
        self._in = ""
        self._apart = "" if tag in IN_A_SENTENCE else " "

    def handle_data(self, data):
        if self._area is not None:
            fields = self._form["fields"]
            fields[self._area] += data.removeprefix("\n") if not fields[self._area] else data
        if self._in == "title":
            self.title += data
        self.text += self._apart + data

    def taps(self, part):
        """The buttons that send the page's own form to an address that ends in this."""
        return [
            (one["name"], one["value"])
            for one in self.tied
            if one.get("formaction", "").endswith(part)
        ]

    def form(self, part):
        """The form whose address ends in this."""
        return next(form for form in self.forms if form["action"].endswith(part))


class Reporter:
    """A phone: goes to pages, fills forms, follows redirects, keeps the last page."""

    def __init__(self, site, slug=SLUG):
        self.site = site
        self.client = site.app.test_client()
        self.slug = slug
        self.page = None
        self.path = ""

    def get(self, path):
        return self._land(self.client.get(self._full(path), follow_redirects=True))

    def submit(self, form_path, given=None, **options):
        """Fill the form with this address on the present page, and send it."""
        form = self.page.form(form_path)
        body = {**form["fields"], **(given or {})}
        return self.post(form["action"], body, **options)

    def tap(self, part, number, given=None):
        """Press one of the buttons that belong to the page's own form, with what stands in it."""
        name, value = self.page.taps(part)[number]
        asked = value.partition(":")[0]
        body = {key.replace("beside", f"with-{asked}"): text for key, text in (given or {}).items()}
        fields = self.page.form("/gesprek")["fields"]
        return self.post(f"gesprek{part}", {**fields, **body, name: value})

    def post(self, path, body, *, follow=True, **options):
        response = self.client.post(self._full(path), data=body, follow_redirects=follow, **options)
        return self._land(response)

    def begin(self, perspective="subject"):
        return self.post("begin", {"perspective": perspective})

    def answer(self, given=None, then=""):
        """Answer the question that is on the page."""
        return self.submit(self.path.rpartition("/")[2], {**(given or {}), "then": then})

    def tell(self, story=STORY, perspective="subject"):
        self.begin(perspective)
        if perspective not in ("subject", "unsure"):
            self.answer()
        return self.answer({"story-story": story})

    def upload(self, *files, intimate="no"):
        """Send files with the picker's form, as bytes with a name."""
        self.get("bestanden")
        if not any(form["action"].endswith("/bestanden") for form in self.page.forms):
            self.submit("bestanden/vraag", {"intimate": intimate})
        parts = [(io.BytesIO(data), name) for name, data in files]
        return self.submit("/bestanden", {"files": parts}, content_type="multipart/form-data")

    def send(self):
        self.get("nakijken")
        return self.submit("/nakijken")

    def code(self):
        """The code on the receipt."""
        found = re.search(r'<p class="code".*?</p>', self.page.html, re.DOTALL).group()
        return "".join(re.findall(r"<span>(\w{4})</span>", found))

    def _full(self, path):
        return path if path.startswith("/") else f"/{self.slug}/{path}"

    def _land(self, response):
        self.response = response
        self.path = urlsplit(response.request.path).path
        self.page = Page(response)
        return self.page


class Site:
    """The application, its clock, and a database session to look behind the pages."""

    def __init__(self, folder, **settings):
        self.clock = Clock()
        self.settings = Settings(
            instance_dir=folder, exit_url="https://weer.example/nu", **settings
        )
        self.founded, self.actors = copy_of_founded(folder)
        self.session = self.founded.session
        self.app = create_app(self.settings, clock=self.clock)
        self.app.testing = True

    def phone(self):
        return Reporter(self)

    def school_row(self):
        return self.session.scalars(select(School).where(School.slug == SLUG)).one()

    def staff_id(self, code):
        return self.founded.member(code).id

    def name_of(self, code):
        return self.session.get_one(StaffMember, self.staff_id(code)).name

    def class_id(self, name):
        return next(
            row.id
            for row in schools.classes_of(self.session, self.founded.school.id)
            if row.name == name
        )
