"""What must never happen: a measure that a rule of the school or the law forbids is refused.

`refusals` says what is missing before a measure may be recorded, `duties` what must follow it.
Pure functions; the school's own sentence stands behind a refusal wherever it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from portal.domain.protocol import MEASURES, OURS, HardRule, Protocol

GROUNDS = ("acute_danger", "veilig_thuis", "staff_law")
"""What the rule that a pupil must know yields to; each with a name and a reason."""

LEAVING = ("expulsion", "change_of_school")
OUT_OF_SCHOOL = ("time_out", "suspension")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What staff are about to record. `about` is the side it is taken against.

    `wished_by` and `wish`: who of the family asked for it and their words, at a change of school.
    """

    kind: str
    about: str = "accused"
    first: date | None = None
    last: date | None = None
    reason: str = ""
    in_writing: bool = False
    return_talk: date | None = None
    wished_by: str = ""
    wish: str = ""

    @property
    def days(self) -> int:
        """Calendar days, both ends included; 0 when an end is missing."""
        if self.first is None or self.last is None:
            return 0
        return (self.last - self.first).days + 1

    @property
    def own_wish(self) -> bool:
        """Whether a change of school is recorded as the family's own wish."""
        named = bool(self.wished_by.strip() and self.wish.strip())
        return self.kind == "change_of_school" and named


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFacts:
    """What is on record about a measure. `None`: not known here, so nothing is refused for it."""

    announced: bool = False
    approved_by: frozenset[str] = frozenset()
    only_anonymous: bool = False
    accused_heard: bool | None = None
    parents_heard: bool = False
    inspectie_consulted: bool = False
    other_school: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a measure may not be recorded, in the school's own sentence, and what it needs."""

    rule: str
    quote: str
    file: str
    line: int
    needs: str
    guard: str = ""

    def __str__(self) -> str:
        """One line for a person: what is needed, and the sentence with its place."""
        return f"{self.needs} {cited(self.quote, self.file, self.line)}"


@dataclass(frozen=True, slots=True)
class Duty:
    """What must follow a measure at once."""

    rule: str
    label: str
    role: str
    quote: str
    file: str
    line: int


def refusals(protocol: Protocol, proposal: Measure, facts: MeasureFacts) -> list[Refusal]:
    """Everything that forbids a measure now; empty when it may be recorded."""
    found = []
    for rule in _rules_for(protocol, proposal):
        needs = _CHECKS[rule.guard](protocol, rule, proposal, facts)
        if needs:
            found.append(Refusal(rule.key, rule.quote, rule.file, rule.line, needs, rule.guard))
    return found


def duties(protocol: Protocol, measure: Measure) -> list[Duty]:
    """Whom a measure must be told to: the inspectorate, and whoever else the school names."""
    return [
        Duty(rule.key, rule.label, rule.role, rule.quote, rule.file, rule.line)
        for rule in protocol.hard_rules
        if rule.guard == "inform"
        and measure.kind in (rule.measures or MEASURES)
        and (not rule.amount or not measure.days or measure.days > rule.amount)
    ]


def rule_with(protocol: Protocol, guard: str) -> HardRule | None:
    """The first rule with a guard; the school's own comes before ours."""
    own = sorted(protocol.hard_rules, key=lambda rule: rule.file in OURS)
    return next((rule for rule in own if rule.guard == guard), None)


def cited(quote: str, file: str, line: int) -> str:
    """A sentence with where it stands, in Dutch."""
    return f"‘{quote}’ ({file}, regel {line})" if line else f"({quote})"


def _rules_for(protocol: Protocol, proposal: Measure) -> Iterable[HardRule]:
    """The rules that a measure must pass. Ours steps back where the school says the same."""
    own = {rule.guard for rule in protocol.hard_rules if rule.file not in OURS}
    for rule in protocol.hard_rules:
        doubled = rule.file == "portal" and rule.guard in own
        if (
            rule.guard in _CHECKS
            and not doubled
            and proposal.kind in (rule.measures or MEASURES)
            and not proposal.own_wish
        ):
            yield rule


def _subject_stays(_p: Protocol, _r: HardRule, proposal: Measure, _f: MeasureFacts) -> str:
    if proposal.about != "subject" or proposal.kind not in LEAVING:
        return ""
    return "Dit kan alleen als het gezin het zelf wil. Leg vast wie dat zei, en in welke woorden."


def _announced(_p: Protocol, _r: HardRule, _m: Measure, facts: MeasureFacts) -> str:
    if facts.announced:
        return ""
    return "Leg eerst vast wanneer de maatregel is aangekondigd. Dat was op een eerdere dag."


def _approval(protocol: Protocol, rule: HardRule, _m: Measure, facts: MeasureFacts) -> str:
    if rule.role in facts.approved_by:
        return ""
    return f"Leg eerst het overleg vast met: {protocol.label(rule.role)}."


def _not_anonymous(_p: Protocol, _r: HardRule, _m: Measure, facts: MeasureFacts) -> str:
    if not facts.only_anonymous:
        return ""
    return "Er is alleen een melding zonder naam. Leg eerst vast wat de school zelf zag of hoorde."


def _heard(_p: Protocol, _r: HardRule, proposal: Measure, facts: MeasureFacts) -> str:
    if proposal.about != "accused" or facts.accused_heard is not False:
        return ""
    return "Praat eerst met de leerling over wie is gemeld."


def _at_most(_p: Protocol, rule: HardRule, proposal: Measure, _f: MeasureFacts) -> str:
    if not proposal.days:
        return "Geef de eerste en de laatste dag."
    fits = 0 < proposal.days <= rule.amount
    return "" if fits else f"Hooguit {rule.amount} dagen. Kies een eerdere laatste dag."


def _in_writing(_p: Protocol, _r: HardRule, proposal: Measure, _f: MeasureFacts) -> str:
    if proposal.in_writing and proposal.reason.strip():
        return ""
    return "Het besluit moet op papier, met de reden erbij."


def _end_and_return(_p: Protocol, _r: HardRule, proposal: Measure, _f: MeasureFacts) -> str:
    if proposal.reason.strip() and proposal.last is not None and proposal.return_talk is not None:
        return ""
    return "Geef het doel, de laatste dag en de dag van het gesprek bij terugkomst."


def _hearing(_p: Protocol, _r: HardRule, _m: Measure, facts: MeasureFacts) -> str:
    if facts.parents_heard:
        return ""
    return "Hoor eerst de leerling, en onder de 18 ook de ouders."


def _consulted(_p: Protocol, _r: HardRule, _m: Measure, facts: MeasureFacts) -> str:
    return "" if facts.inspectie_consulted else "Overleg eerst met de inspectie."


def _other_school(_p: Protocol, _r: HardRule, _m: Measure, facts: MeasureFacts) -> str:
    return "" if facts.other_school else "Zorg eerst dat een andere school de leerling toelaat."


_Check = Callable[[Protocol, HardRule, Measure, MeasureFacts], str]
_CHECKS: dict[str, _Check] = {
    "subject_stays": _subject_stays,
    "announced_before": _announced,
    "approval": _approval,
    "not_anonymous_alone": _not_anonymous,
    "heard": _heard,
    "at_most": _at_most,
    "in_writing": _in_writing,
    "end_and_return": _end_and_return,
    "hearing": _hearing,
    "consulted": _consulted,
    "other_school": _other_school,
}
