"""A school's own colour, logo and photos: what is taken, what everybody gets, what it may weigh."""

import base64
import io
import re

import pytest
from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from portal.domain import colour
from portal.models import CustodyEvent, SchoolPicture
from portal.services import accounts, sessions, transaction
from portal.services.custody import SYSTEM
from tests import samples
from tests.web.reporter_site import MORNING, SLUG, Page, Site
from tests.web.test_front import Tags

FORM = {"Sec-Fetch-Site": "same-origin"}
FIELDS = {"accent": "", "opening": "", "contact": "", "contact_staff_id": "", "answer_days": "2"}


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


class Desk:
    """A member of staff at the screen, with a live session."""

    def __init__(self, site, code):
        actor = site.actors[code]
        live = sessions.begin(
            site.session,
            kind=sessions.STAFF,
            school_id=actor.school_id,
            data={"staff": actor.id, "identity": str(actor.identity)},
            now=MORNING,
            staff_id=actor.id,
        )
        transaction.commit(site.session)
        self.client, self.token = site.app.test_client(), live.csrf_token
        self.client.set_cookie("v", base64.urlsafe_b64encode(live.cookie).decode().rstrip("="))

    def get(self, path):
        return self.client.get(f"/{SLUG}/{path}")

    def post(self, path, **fields):
        # In memory: the client's own encoder leaves a temporary file open for a large one.
        body, _, boundary = stream_encode_multipart({"t": self.token, **fields}, use_tempfile=False)
        kind = f"multipart/form-data; boundary={boundary}"
        return self.client.post(f"/{SLUG}/{path}", data=body, headers=FORM, content_type=kind)


@pytest.fixture
def admin(site):
    return Desk(site, "VOS")


def drawn(size=(600, 200), kind="PNG"):
    out = io.BytesIO()
    image = Image.new("RGB", size, (10, 90, 70))
    image.paste((250, 200, 60), (20, 20, size[0] // 2, size[1] - 20))
    image.save(out, kind)
    return out.getvalue()


def upload(data, name="logo.png"):
    return FileStorage(io.BytesIO(data), filename=name)


def content(client, path):
    with client.get(path) as answer:
        return answer.data


def front(site, path=""):
    return site.app.test_client().get(f"/{SLUG}/{path}")


def parts_of(page):
    tags = Tags(page)
    pictures = {attrs["src"] for attrs in tags.all("img")}
    links = {attrs["href"] for attrs in tags.all("link")}
    return pictures | links | {attrs["src"] for attrs in tags.all("script")}


def test_without_a_colour_the_school_wears_the_common_sheet(site):
    assert f"/{SLUG}/stijl.css" not in front(site).text
    assert site.app.test_client().get(f"/{SLUG}/stijl.css").status_code == 404


def test_a_colour_is_one_file_with_the_common_sheet_and_both_modes(site, admin):
    assert admin.post("beheer/school", **{**FIELDS, "accent": "0f4c5c"}).status_code == 303
    address = re.search(rf'href="(/{SLUG}/stijl\.css\?v=\w+)"', front(site).text)[1]
    answer = site.app.test_client().get(address)
    assert answer.mimetype == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    common = content(site.app.test_client(), "/static/css/reporter.css").decode()
    own = answer.text.removeprefix(common)
    assert own != answer.text
    light, dark = own.split("@media (prefers-color-scheme: dark)")
    assert "--school: #0F4C5C;" in light
    assert f"--school: {colour.for_dark('#0F4C5C')};" in dark
    assert common not in front(site).text


def test_an_old_address_of_the_sheet_is_not_kept_for_ever(site, admin):
    admin.post("beheer/school", **{**FIELDS, "accent": "#0F4C5C"})
    answer = site.app.test_client().get(f"/{SLUG}/stijl.css?v=0123456789abcdef")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("#FFC43D", "te licht"),
        ("#D62828", "te licht"),
        ("rood", "zes tekens"),
        ("#0F4C5C;}*{display:none}", "zes tekens"),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest(site, admin, typed, said):
    answer = admin.post("beheer/school", **{**FIELDS, "accent": typed})
    assert answer.status_code == 400
    assert said in answer.text
    if said == "te licht":
        nearest = colour.judge(typed).nearest
        assert nearest in answer.text
        assert admin.post("beheer/school", **{**FIELDS, "accent": nearest}).status_code == 303
    else:
        assert "/stijl.css" not in front(site).text


def test_texts_contact_point_and_days_stand_on_the_public_page(site, admin):
    given = {
        **FIELDS,
        "opening": "Wij helpen je. <b>Echt</b>",
        "contact": "Kamer 1.04",
        "contact_staff_id": site.staff_id("DAM"),
        "answer_days": "3",
    }
    assert admin.post("beheer/school", **given).status_code == 303
    text = Page(front(site, "zo-werkt-het")).text
    for line in ("Wij helpen je. <b>Echt</b>", "Kamer 1.04", "Meneer Dam", "3 schooldagen"):
        assert line in text
    assert "binnen 3 schooldagen" in Page(front(site, "ouders")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer_days": "0"},
        {"answer_days": "11"},
        {"answer_days": "twee"},
        {"answer_days": "²"},
        {"contact_staff_id": "x" * 26},
        {"opening": "a" * 601},
    ],
)
def test_what_makes_no_sense_is_not_taken(admin, wrong):
    answer = admin.post("beheer/school", **{**FIELDS, **wrong})
    assert answer.status_code == 400
    assert "Dit klopt nog niet" in answer.text


def test_a_change_is_in_the_log_by_name_of_what_changed(site, admin):
    admin.post("beheer/school", **{**FIELDS, "accent": "#0F4C5C"})
    logged = site.session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == "school:changed")
    ).one()
    assert '"changed":["accent"]' in logged.public


def test_with_colour_and_logo_the_first_page_still_asks_for_four_files(site, admin):
    admin.post("beheer/school", **{**FIELDS, "accent": "#0F4C5C"})
    assert admin.post("beheer/school/logo", logo=upload(drawn())).status_code == 303
    page = front(site).text
    parts = parts_of(page)
    assert len(parts) + 1 <= 4, parts
    client = site.app.test_client()
    weight = len(page.encode()) + sum(len(content(client, part)) for part in parts)
    assert weight <= 50_000, weight


def test_a_logo_is_drawn_anew_and_may_be_kept(site, admin):
    data = drawn((1200, 400), "WEBP")
    admin.post("beheer/school/logo", logo=upload(data, "logo.webp"))
    address = re.search(r'<img class="logo" src="([^"]+)"', front(site).text)[1]
    answer = site.app.test_client().get(address)
    assert (answer.mimetype, answer.data[:4]) == ("image/png", b"\x89PNG")
    assert len(answer.data) <= 10_000
    assert Image.open(io.BytesIO(answer.data)).size == (240, 80)
    assert "immutable" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    admin.post("beheer/school/logo", remove="1")
    assert site.app.test_client().get(address).status_code == 404
    assert "mark.svg" in front(site).text


@pytest.mark.parametrize(
    ("data", "said"),
    ids=["svg", "html", "lies", "cut", "huge", "none"],
    argvalues=[
        (samples.svg_with_script(), "geen PNG, JPEG of WebP"),
        (samples.html_page(), "geen PNG, JPEG of WebP"),
        (samples.png_lying(), "te groot"),
        (samples.truncated(drawn(), 0.5), "beschadigd"),
        (b"\x89PNG" + bytes(13 << 20), "te groot"),
        (b"", "Kies eerst"),
    ],
)
def test_a_hostile_logo_is_refused_and_leaves_nothing(site, admin, data, said):
    answer = admin.post("beheer/school/logo", logo=upload(data))
    assert answer.status_code == 400
    assert said in answer.text
    assert site.session.scalars(select(SchoolPicture)).all() == []
    assert "mark.svg" in front(site).text


def test_only_an_administrator_changes_how_school_looks(site):
    teacher = Desk(site, "BAK")
    assert teacher.get("beheer/school").status_code == 403
    assert teacher.post("beheer/school", **FIELDS).status_code == 403
    assert teacher.post("beheer/school/logo", logo=upload(drawn())).status_code == 403
    assert site.app.test_client().get(f"/{SLUG}/beheer/school").status_code == 303


def photo_on_page(site):
    return re.findall(r'<img class="face" src="([^"]+)"', front(site, "zo-werkt-het").text)


def test_a_photo_is_shown_by_the_own_tick_alone_and_goes_at_once(site):
    mentor = Desk(site, "BAK")
    refused = mentor.post("bureau/account/foto", photo=upload(drawn((800, 600), "JPEG")))
    assert refused.status_code == 400
    assert photo_on_page(site) == []
    mentor.post("bureau/account/foto", agreed="yes", photo=upload(drawn((800, 600), "JPEG")))
    address = photo_on_page(site)[0]
    answer = site.app.test_client().get(address)
    assert Image.open(io.BytesIO(answer.data)).size == (320, 320)
    assert answer.headers["Cache-Control"] == "no-store"
    mentor.post("bureau/account/foto", remove="1")
    assert photo_on_page(site) == []
    assert site.app.test_client().get(address).status_code == 404
    kinds = site.session.scalars(select(CustodyEvent.kind)).all()
    assert kinds.count("staff:pictured") == 2


def test_a_photo_goes_with_the_account(site):
    Desk(site, "BAK").post(
        "bureau/account/foto", agreed="yes", photo=upload(drawn((800, 600), "JPEG"))
    )
    accounts.disable(
        site.session,
        actor=SYSTEM,
        school_id=site.founded.school.id,
        staff_id=site.staff_id("BAK"),
        now=MORNING,
    )
    transaction.commit(site.session)
    assert site.session.scalars(select(SchoolPicture)).all() == []
    assert "Mevrouw Bakker" not in front(site, "zo-werkt-het").text


def test_a_picture_of_one_school_is_none_of_another(site, admin):
    admin.post("beheer/school/logo", logo=upload(drawn()))
    address = re.search(r'<img class="logo" src="([^"]+)"', front(site).text)[1]
    assert site.app.test_client().get(address.replace(SLUG, "elders")).status_code == 404
