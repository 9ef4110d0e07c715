"""The plan of action of one pupil: each change is a version of its own, offered for approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.models import new_id
from portal.services import case_records
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

PLAN, ANSWER = "plan", "plan_answer"
OUTCOMES = ("agreed", "refused", "not_reached")
NAME_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is written in one version."""

    pupil: str
    goal: str
    actions: str
    agreed_with: str = ""
    results: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version, with what each person said to it last."""

    number: int
    body: dict[str, Any]
    answers: list[dict[str, Any]]

    @property
    def approved(self) -> bool:
        """Whether everybody who was asked agreed, and somebody was."""
        return bool(self.answers) and all(one["outcome"] == "agreed" for one in self.answers)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one pupil, newest version last."""

    id: str
    pupil: str
    versions: list[Version]

    @property
    def newest(self) -> Version:
        """The version that counts."""
        return self.versions[-1]


def plans_of(session: Session, *, actor: StaffActor, case_id: str) -> list[Plan]:
    """Give the plans of a case, one for each pupil."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    bodies = case_records.read(session, opened, PLAN)
    said = case_records.read(session, opened, ANSWER)
    found: dict[str, list[Version]] = {}
    for body in bodies:
        answers = {
            one["person"]: one
            for one in said
            if (one["plan"], one["version"]) == (body["plan"], body["version"])
        }
        versions = found.setdefault(body["plan"], [])
        versions.append(Version(body["version"], body, list(answers.values())))
    return [Plan(key, versions[-1].body["pupil"], versions) for key, versions in found.items()]


def write(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    plan_id: str,
    version: int,
    draft: Draft,
    now: datetime,
) -> None:
    """Begin the plan of a pupil, or write the next version of it.

    Args:
        version: the newest one that its writer saw; 0 for a new plan.

    Raises:
        ConflictError: a colleague wrote one meanwhile.
        InvalidInputError: without pupil, goal or actions, or a change without a reason.
        NotFoundError: for a plan that this case does not have.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    earlier = [one for one in case_records.read(session, opened, PLAN) if one["plan"] == plan_id]
    if plan_id and not earlier:
        raise NotFoundError(plan_id)
    if len(earlier) != version:
        raise ConflictError(plan_id)
    body = {
        "plan": plan_id or new_id(),
        "version": len(earlier) + 1,
        "pupil": earlier[-1]["pupil"] if earlier else _name("pupil", draft.pupil),
        "goal": case_records.checked("goal", draft.goal),
        "actions": case_records.checked("actions", draft.actions),
        "agreed_with": case_records.checked("agreed_with", draft.agreed_with, may_be_empty=True),
        "results": case_records.checked("results", draft.results, may_be_empty=True),
        "reason": case_records.checked("reason", draft.reason, may_be_empty=not earlier),
    }
    case_records.write(session, case, opened, PLAN, body, actor=actor, now=now)


def answer(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    plan_id: str,
    version: int,
    person: str,
    outcome: str,
    text: str,
    now: datetime,
) -> None:
    """Write down what somebody said to the newest version of a plan.

    Raises:
        ConflictError: there is a newer one by now, which this person did not speak of.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    versions = [one for one in case_records.read(session, opened, PLAN) if one["plan"] == plan_id]
    if not versions:
        raise NotFoundError(plan_id)
    if versions[-1]["version"] != version:
        raise ConflictError(plan_id)
    if outcome not in OUTCOMES:
        raise InvalidInputError("outcome", "unknown")
    body = {
        "plan": plan_id,
        "version": versions[-1]["version"],
        "person": _name("person", person),
        "outcome": outcome,
        "text": case_records.checked("said", text, may_be_empty=True),
    }
    case_records.write(session, case, opened, ANSWER, body, actor=actor, now=now)


def _name(field: str, text: str) -> str:
    name = case_records.checked(field, text)
    if len(name) > NAME_LIMIT or "\n" in name:
        raise InvalidInputError(field, "too_long")
    return name
