"""Facts came in after a case began: where it should go now, and on which sentence.

The program proposes, a person of the school decides, with a reason that stays in the case. A case
that staff already took further is not sent back.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from portal.domain.facts import Facts
from portal.domain.protocol import Protocol
from portal.domain.routing import Decision, Reason, route

NEWS = {
    "class_relation": "de klassen zijn nu bekend",
    "cyber": "het gebeurt (ook) online",
    "group": "er zijn meer leerlingen bij betrokken",
    "structural": "het lijkt structureel",
    "ongoing": "het gaat door nadat de school handelde",
    "report_count": "er is opnieuw over dezelfde leerling gemeld",
    "accused": "het gaat over iemand anders dan gedacht",
    "accused_roles": "het gaat over een medewerker",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Where a case should go, what is new, and the rule that says so."""

    role: str
    step: str
    also: tuple[str, ...]
    excluded: tuple[str, ...]
    gated: tuple[tuple[str, tuple[str, ...]], ...]
    rule: Reason
    news: tuple[str, ...]
    new_role: bool
    new_step: bool
    about_staff: bool
    again: bool = False
    """Whether the step begins again: a further report, and the protocol has no later step."""


def news(before: Facts, after: Facts) -> tuple[str, ...]:
    """What is known now and was not, in Dutch."""
    found = [
        NEWS[entry.name]
        for entry in fields(Facts)
        if entry.name in NEWS and getattr(before, entry.name) != getattr(after, entry.name)
    ]
    if after.about_staff and not before.about_staff:
        found = [one for one in found if one != NEWS["accused"]]
        found.append(NEWS["accused_roles"])
    return tuple(dict.fromkeys(found))


def propose(
    protocol: Protocol, before: Facts, after: Facts, *, at_role: str, at_step: str
) -> Proposal | None:
    """Where a case goes with what is known now; None when it stays where it is."""
    was, now = route(protocol, before), route(protocol, after)
    step = _step(protocol, was, now, at_step)
    role = now.role if now.role != was.role or now.about_staff else at_role
    told = [key for key in now.also if key not in (*was.also, was.role, role)]
    again = after.level > before.level and step == at_step == now.step
    stays = (role, step) == (at_role, at_step) and not told and now.excluded == was.excluded
    if stays and not again:
        return None
    return Proposal(
        role=role,
        step=step,
        also=tuple(told),
        excluded=now.excluded,
        gated=tuple((key, gates) for key, gates in now.gated if key in told),
        rule=_rule(was, now, told),
        news=news(before, after),
        new_role=role != at_role,
        new_step=step != at_step,
        about_staff=now.about_staff,
        again=again,
    )


def _step(protocol: Protocol, was: Decision, now: Decision, at_step: str) -> str:
    """The new step; but a case that staff took past it stays where they took it."""
    if now.step == was.step and not now.about_staff:
        return at_step
    order = [step.key for step in protocol.steps]
    moved_on = at_step in order and was.step in order and at_step != was.step
    if moved_on and not now.about_staff and order.index(now.step) <= order.index(at_step):
        return at_step
    return now.step


def _rule(was: Decision, now: Decision, told: list[str]) -> Reason:
    """The sentence that changed it: the deciding rule, else the one that adds somebody."""
    known = {why.rule for why in was.explanation}
    fresh = [why for why in now.explanation if why.rule not in known and why.line]
    if (now.role, now.step) == (was.role, was.step) and told and fresh:
        return fresh[0]
    return now.explanation[0]
