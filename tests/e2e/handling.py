"""What staff do with the told story: read, look, reply, record, hand over; and the way back."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.reporter_pages import Front
from tests.e2e.site import Person
from tests.e2e.staff_pages import CasePage, Desk, Login
from tests.e2e.telling import Told, file_payload
from tests.e2e.watch import Watch

REPLY = "Ik heb het gelezen. Wil je morgen in de pauze praten, in lokaal 12?"
STEP = "Gesproken met de conciërge; verder gevraagd."
REASON = "Het gaat over twee leerjaren; de coördinator neemt het over."
ANSWER = "Ja, maar niet in lokaal 12. Daar zitten zij altijd."
LATER_FILE, LATER_BYTES = "Schermafbeelding later.png", b"\x89PNG\r\n\x1a\nnot a whole picture"
PICTURE = "IMG_2041.jpg"


@dataclass
class Handled:
    """What was seen on the way."""

    told: Told
    watch: Watch
    mentor: Person
    successor: Person
    case: str = ""
    label: str = ""
    desk: str = ""
    new: str = ""
    page: str = ""
    tiles: dict[str, bytes | None] = field(default_factory=dict)
    picture: bytes = b""
    original: bytes = b""
    after_handing_over: str = ""
    successors_page: str = ""
    items: list[str] = field(default_factory=list)


def handle(page, handled: Handled) -> None:
    """The mentor takes it up and hands it over."""
    desk = Login.open(page, handled.watch, handled.told.school).enter(handled.mentor)
    handled.desk, handled.new = desk.text(), "\n".join(one.inner_text() for one in desk.new())
    classes = f"{handled.told.subject}, {handled.told.accused}"
    case = desk.open_new(classes)
    handled.case, handled.label, handled.page = page.url, case.label(), case.text()
    look_at_evidence(case, handled)
    case = CasePage.open(page, handled.watch, handled.case).reply(REPLY)
    case = case.record_step(STEP)
    case = case.hand_over(handled.successor, REASON)
    handled.after_handing_over = page.inner_text("body")


def look_at_evidence(case: CasePage, handled: Handled) -> None:
    handled.tiles = case.tile_pictures()
    evidence = case.show(PICTURE)
    handled.items.append(case.page.url)
    handled.picture = evidence.picture()
    handled.original = evidence.original().read_bytes()


def take_over(page, watch: Watch, handled: Handled) -> None:
    """The successor finds it on the desk, with the keys to read it."""
    desk = Login.open(page, watch, handled.told.school).enter(handled.successor)
    case = desk.open_case(handled.label)
    handled.successors_page = page.inner_text("body")
    assert set(case.tiles()) == set(handled.tiles)


@dataclass
class Returned:
    """What the reporter found, and what staff saw afterwards."""

    handled: Handled
    watch: Watch
    first_look: str = ""
    status: str = ""
    messages: list[str] = field(default_factory=list)
    after: str = ""
    staff_page: str = ""
    staff_tiles: list[str] = field(default_factory=list)


def mistype(code: str) -> str:
    """The code as somebody types it from paper: small letters, blanks, letters for digits."""
    return re.sub(r"\s+", "  ", code.lower().replace("0", "O").replace("1", "l")) + " "


def come_back(page, returned: Returned) -> None:
    told = returned.handled.told
    enter = Front.open(page, returned.watch, returned.watch.home, told.school.slug).come_back()
    talk = enter.give(mistype(told.code))
    returned.first_look, returned.status = page.inner_text("body"), talk.status()
    talk = talk.say(ANSWER)
    talk = talk.add_file().ask("Nee").pick([file_payload(LATER_FILE, LATER_BYTES)])
    returned.messages, returned.after = talk.messages(), page.inner_text("body")


def log_in(page, watch: Watch, school, person) -> Desk:
    return Login.open(page, watch, school).enter(person)


def download(page, watch: Watch, address: str, folder: Path) -> Path:
    return CasePage.open(page, watch, address).make_packet().download(folder)
