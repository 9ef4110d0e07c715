"""What of the police's list is there already, derived from answers and files. It never demands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.domain.questionnaire import accounts_of, addresses_of, value_of

DONE, HELPS, APART = "done", "helps", "apart"
"""There already; could help; not about this, as far as was told."""

# Kinds of files by the ending of their name: only a hint, as the content is looked at elsewhere.
FILE_KINDS = {
    "image": ("jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "bmp"),
    "video": ("mp4", "mov", "m4v", "webm", "3gp", "avi", "mkv"),
    "mic": ("opus", "m4a", "mp3", "ogg", "wav", "aac", "amr"),
    "chat": ("txt", "zip"),
    "mail": ("eml", "msg"),
}
# Of these it makes no difference whether it happened online.
ALWAYS = frozenset({"times", "names"})
VIDEO_PLATFORMS = frozenset({"youtube", "tiktok", "instagram", "snapchat"})


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the police's list, as it stands in `police_list.toml`."""

    key: str
    quote: str
    title: str
    have: str
    help: str
    page: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row for one report: how far it is."""

    item: Item
    state: str


def kind_of_file(name: str) -> str:
    """Say what a file seems to be by the ending of its name; ``file`` where that tells nothing."""
    ending = name.rpartition(".")[2].lower()
    return next((kind for kind, endings in FILE_KINDS.items() if ending in endings), "file")


def check(
    items: Sequence[Item], answers: Mapping[str, Any], file_names: Sequence[str]
) -> list[Row]:
    """Hold a report against the list, in the list's own order.

    Args:
        answers: as they are kept with a draft or a report, by question.
        file_names: names as given by the reporter.
    """
    incidents = value_of(answers, "online").get("incidents") or []
    kinds = {kind_of_file(name) for name in file_names}
    found = {
        "times": _has_time(answers, incidents),
        "addresses": _has_address(answers, incidents),
        "names": _has_name(answers, incidents),
        "chats": bool(kinds & {"chat", "mail"}),
        "messages": bool(kinds & {"chat", "mic"}),
        "screenshots": "image" in kinds,
        "video": "video" in kinds,
    }
    return [
        Row(item, _state(item.key, answers, incidents, found=found[item.key])) for item in items
    ]


def _state(
    key: str, answers: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]], *, found: bool
) -> str:
    if found:
        return DONE
    if key in ALWAYS:
        return HELPS
    online = bool(incidents) or _said_online(answers)
    if key == "video":
        shown = _ticked(answers, "online_images")
        shown |= any(item.get("platform") in VIDEO_PLATFORMS for item in incidents)
        return HELPS if shown else APART
    return HELPS if online else APART


def _said_online(answers: Mapping[str, Any]) -> bool:
    if value_of(answers, "online").get("happened") == "yes" or answers.get("described"):
        return True
    return "online" in (value_of(answers, "when").get("places") or []) or _ticked(
        answers, "online_"
    )


def _ticked(answers: Mapping[str, Any], start: str) -> bool:
    forms = answers.get("forms", {}).get("value")
    return isinstance(forms, list) and any(str(key).startswith(start) for key in forms)


def _has_time(answers: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]]) -> bool:
    when = value_of(answers, "when")
    told = [*incidents, *_described(answers)]
    rough = any(item.get("when") or item.get("when_text") for item in told)
    return bool(when.get("exact") or when.get("moment")) or rough


def _has_address(answers: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]]) -> bool:
    described = any(item.get("address") for item in _described(answers))
    return described or any(addresses_of(item) for item in incidents)


def _has_name(answers: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]]) -> bool:
    people = value_of(answers, "people")
    return bool(people.get("accused")) or any(accounts_of(item) for item in incidents)


def _described(answers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = answers.get("described", {}).get("value")
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
