"""What follows from a reporter's answers: facts for routing, who is shut out, what is urgent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from portal.domain.questionnaire import UNKNOWN, value_of

__all__ = [
    "excluded_staff",
    "is_urgent",
    "named_classes",
    "preferred_staff",
    "split_identity",
    "texts_of",
    "to_facts",
    "value_of",
]

# Who speaks, as the protocols know it. Somebody who took part saw it; unsure is not said at all.
REPORTER = {
    "subject": "subject",
    "bystander": "bystander",
    "participant": "bystander",
    "parent": "parent",
    "staff": "staff",
}
ONLINE_PREFIX = "online_"
NOT_IN_A_CLASS = frozenset({"other_school", "not_from_school"})
SHORTEST_NAME = 3
NAMED = frozenset({"role", "handlers"})
URGENT = ("now", "suicide", "sexual")


def to_facts(answers: Mapping[str, Any], report_count: int = 1) -> dict[str, Any]:
    """Give the facts of the routing decision; what is not known is absent.

    "Told before" only suggests that it goes on after the school acted, so `ongoing` is left to
    staff; how often it happened never sets it.
    """
    facts: dict[str, Any] = {"report_count": report_count}
    reporter = REPORTER.get(str(answers.get("perspective", {}).get("value")))
    if reporter is not None:
        facts["reporter"] = reporter
    relation = _class_relation(answers)
    if relation is not None:
        facts["class_relation"] = relation
    cyber = _cyber(answers)
    if cyber is not None:
        facts["cyber"] = cyber
    accused = _accused(answers)
    if accused is not None:
        facts["accused"] = accused
    return facts


def named_classes(answers: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Give the classes of the subject and of the accused, as chosen.

    A parent says the class with each child.
    """
    classes = value_of(answers, "classes")
    children = value_of(answers, "children").get("children", [])
    own = [name for child in children for name in child.get("classes", [])]
    return list(dict.fromkeys([*own, *classes.get("subject", [])])), list(
        classes.get("accused", [])
    )


def excluded_staff(answers: Mapping[str, Any]) -> set[str]:
    """Give the members of staff who must not read this: excluded by name, or accused."""
    excluded = set(value_of(answers, "readers").get("exclude", []))
    return excluded | set(value_of(answers, "classes").get("staff", []))


def staff_in_text(answers: Mapping[str, Any], names: Mapping[str, str]) -> set[str]:
    """Find staff whom the reporter named in words as the one it is about.

    Somebody with the same surname is shut out as well: that costs a reader, the other mistake
    would hand the report to the accused.

    Args:
        names: the name of each member of staff by id.
    """
    told = _words(str(value_of(answers, "classes").get("staff_text") or ""))
    return {
        staff_id
        for staff_id, name in names.items()
        if (parts := _words(name)) and len(parts[-1]) >= SHORTEST_NAME and parts[-1] in told
    }


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return re.findall(r"[^\W\d_]+", letters)


def preferred_staff(answers: Mapping[str, Any]) -> list[str]:
    """Give whom the reporter would rather talk with, in order; never somebody shut out."""
    shut_out = excluded_staff(answers)
    chosen = value_of(answers, "readers").get("prefer", [])
    return [staff_id for staff_id in chosen if staff_id not in shut_out]


def is_urgent(answers: Mapping[str, Any], found: Iterable[str] = ()) -> bool:
    """Whether somebody must look today: the reporter said so, or its words do.

    Args:
        found: kinds of danger that `portal.domain.danger` found in the texts.
    """
    safety = value_of(answers, "safety")
    return any(safety.get(key) for key in URGENT) or not {"danger", "suicide", "sexual"}.isdisjoint(
        found
    )


def split_identity(
    answers: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Take the name out of the answers.

    Returns the answers without it, and whom it is for: None when it goes to nobody. What stays
    says only that choice, so that a reader knows whether a name exists.
    """
    rest = dict(answers)
    answer = rest.pop("name", None)
    if answer is None:
        return rest, None
    chosen = value_of(answers, "name")
    who = chosen.get("who")
    public: dict[str, Any] = {key: chosen[key] for key in ("who", "role") if key in chosen}
    rest["name"] = {**answer, "value": public or dict(UNKNOWN)}
    given = {key: chosen[key] for key in ("name", "contact") if chosen.get(key)}
    if who not in NAMED or not given:
        return rest, None
    return rest, {**public, **given}


def texts_of(answers: Mapping[str, Any]) -> list[str]:
    """Give all that was typed, to look for words that call for help."""
    return list(_texts([answer.get("value") for answer in answers.values()]))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _class_relation(answers: Mapping[str, Any]) -> str | None:
    subject, accused = named_classes(answers)
    other = set(value_of(answers, "classes").get("other", []))
    if not accused:
        return "different" if other & NOT_IN_A_CLASS else None
    if not subject:
        return None
    inside = set(accused) <= set(subject)
    return "same" if inside and not other & NOT_IN_A_CLASS else "different"


def _cyber(answers: Mapping[str, Any]) -> bool | None:
    happened = value_of(answers, "online").get("happened")
    forms = answers.get("forms", {}).get("value")
    ticked = isinstance(forms, list) and any(key.startswith(ONLINE_PREFIX) for key in forms)
    account = "unknown_account" in value_of(answers, "classes").get("other", [])
    incidents = bool(value_of(answers, "online").get("incidents"))
    if happened == "yes" or ticked or account or incidents:
        return True
    return False if happened == "no" else None


def _accused(answers: Mapping[str, Any]) -> str | None:
    classes = value_of(answers, "classes")
    other = classes.get("other", [])
    if "staff" in other or classes.get("staff") or str(classes.get("staff_text") or "").strip():
        return "staff"
    return "pupil" if classes.get("accused") or "other_school" in other else None
