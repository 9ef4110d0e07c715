"""What a file tells of who sends it, as far as the file itself says so.

Nothing here looks at pictures: what can be seen in them only their sender can say. What is read
was found at intake by `evidence_store.inspect` and lies sealed with the item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLACE, DEVICE, EXPORTER, NAMES = "place", "device", "exporter", "names"
MAIL, ROUTE, AUTHOR, LOOK = "mail", "route", "author", "look"
SHOWN_NAMES = 5
KEPT, LONGEST, MOST_PEOPLE = "told:", 200, 20
"""What begins the name of a kept answer in a session, and how much of it is kept."""
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\[IPv6:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Giveaway:
    """One thing that a file tells; the page has the words for its kind."""

    kind: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """All that a file tells, and who in it its sender may be."""

    giveaways: tuple[Giveaway, ...]
    people: tuple[str, ...] = ()
    guess: str = ""
    """Who of them it probably is."""
    copies: str = ""
    """What kind of cleaned copy readers can get: ``picture``, ``chat``, ``mail``, or none."""

    @property
    def worth_saying(self) -> bool:
        """Whether there is more to say than to look at the picture oneself."""
        return any(one.kind != LOOK for one in self.giveaways)


def to_keep(file_id: str, inspection: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a file gives away, for the session of who sent it.

    A code never opens what is known of files: after sending nobody but this session has it.
    """
    told = of_inspection(inspection)
    return {
        KEPT + file_id: {
            "giveaways": [[one.kind, one.value[:LONGEST]] for one in told.giveaways],
            "people": [one[:LONGEST] for one in told.people[:MOST_PEOPLE]],
            "guess": told.guess[:LONGEST],
            "copies": told.copies,
        }
    }


def kept(data: Mapping[str, Any]) -> dict[str, Told]:
    """Give what was kept in a session, by file."""
    return {
        key.removeprefix(KEPT): Told(
            giveaways=tuple(Giveaway(*one) for one in told["giveaways"]),
            people=tuple(told["people"]),
            guess=told["guess"],
            copies=told["copies"],
        )
        for key, told in data.items()
        if key.startswith(KEPT)
    }


def of_inspection(inspection: Mapping[str, Any]) -> Told:
    """Say what the facts of one file give away."""
    facts: Mapping[str, Any] = inspection.get("facts") or {}
    media_type = str(inspection.get("type", ""))
    found = [*_of_camera(facts), *_of_chat(facts), *_of_mail(facts)]
    if facts.get("author"):
        found.append(Giveaway(AUTHOR, str(facts["author"])))
    if inspection.get("preview") in {"image", "video"}:
        found.append(Giveaway(LOOK))
    mail = [str(facts[key]) for key in ("mail_to", "mail_from") if facts.get(key)]
    people = [str(one) for one in facts.get("chat_participants") or mail]
    return Told(
        giveaways=tuple(found),
        people=tuple(dict.fromkeys(people)),
        guess=str(facts.get("chat_exporter") or ""),
        copies=_copies(media_type, inspection.get("preview"), people),
    )


def _of_camera(facts: Mapping[str, Any]) -> list[Giveaway]:
    found = [Giveaway(PLACE)] if facts.get("position") is True else []
    return [*found, Giveaway(DEVICE, str(facts["device"]))] if facts.get("device") else found


def _of_chat(facts: Mapping[str, Any]) -> list[Giveaway]:
    if facts.get("chat_exporter"):
        return [Giveaway(EXPORTER, str(facts["chat_exporter"]))]
    people = [str(one) for one in facts.get("chat_participants") or []]
    more = ", …" if len(people) > SHOWN_NAMES else ""
    return [Giveaway(NAMES, ", ".join(people[:SHOWN_NAMES]) + more)] if people else []


def _of_mail(facts: Mapping[str, Any]) -> list[Giveaway]:
    addresses = [str(facts[key]) for key in ("mail_from", "mail_to") if facts.get(key)]
    found = [Giveaway(MAIL, ", ".join(addresses))] if addresses else []
    hops = " ".join(str(one) for one in facts.get("mail_hops") or [])
    return [*found, Giveaway(ROUTE)] if _ADDRESS.search(hops) else found


def _copies(media_type: str, preview: object, people: list[str]) -> str:
    if preview == "image":
        return "picture"
    if media_type == "message/rfc822":
        return "mail"
    return "chat" if people and media_type.startswith("text/") else ""
