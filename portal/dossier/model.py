"""What a dossier says, as plain data.

Every text is as a person gave it or as the portal phrased it; none states an
offence. Instants carry the school's zone, so that the print shows both the
local time and its offset.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ListItem(StrEnum):
    """The police's own list after dates and times, in its order; videos only where there are."""

    ADDRESSES = "addresses"
    NAMES = "names"
    CHATS = "chats"
    MESSAGES = "messages"
    SCREENSHOTS = "screenshots"
    VIDEOS = "videos"


@dataclass(frozen=True)
class Row:
    """A label and what belongs to it; `missing` names what is not there yet."""

    label: str
    text: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Fact:
    """One event: when and where as told, `hearsay` how it is known if not seen."""

    when: str
    what: str
    where: str = ""
    address: bool = False
    hearsay: str = ""
    exhibits: str = ""


@dataclass(frozen=True)
class Entry:
    """One line below an item of the police's list."""

    text: str
    exhibits: str = ""
    mono: bool = False


@dataclass(frozen=True)
class Account:
    """An account, nickname or name and what is known of it."""

    name: str
    detail: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Article:
    """An article of law that may matter; never a conclusion."""

    code: str
    text: str


@dataclass(frozen=True)
class QuestionAnswer:
    """A question exactly as it was asked, the answer exactly as it was given.

    `asked` are the words that stood above the fields of the question.
    """

    question: str
    answer: str
    hearsay: bool = False
    asked: str = ""


@dataclass(frozen=True)
class Statement:
    """Someone's own account, verbatim."""

    title: str
    source: str
    parts: tuple[QuestionAnswer, ...]


@dataclass(frozen=True)
class Exhibit:
    """One original: `number` as said aloud (B1), `path` within the packet."""

    number: str
    name: str
    kind: str
    size: int
    received: datetime
    sha256: str
    path: str = ""
    remarks: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class CustodyRow:
    """One event of the custody log that concerns this case."""

    index: int
    at: datetime
    event: str
    who: str = ""
    about: str = ""


@dataclass(frozen=True)
class Check:
    """How to check the packet without our software."""

    folder: str
    commands: tuple[str, ...]
    certificate: str = ""
    certificate_note: str = ""


@dataclass(frozen=True)
class Dossier:
    """One dossier; empty parts are left out of the print."""

    title: str
    lead: str
    case_label: str
    school: str
    author: str
    created: datetime
    version: int
    parties: tuple[Row, ...]
    facts: tuple[Fact, ...]
    exhibits: tuple[Exhibit, ...]
    custody: tuple[CustodyRow, ...]
    check: Check
    statements: tuple[Statement, ...] = ()
    police_list: dict[ListItem, tuple[Entry, ...]] = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    articles: tuple[Article, ...] = ()
    articles_note: str = ""
    packet_fingerprint: str = ""
