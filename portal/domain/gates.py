"""What was said at a gate of the protocol, by whom and on which side, and whether that opens it.

An answer without a person counts for its side, one without a side for both: so it was recorded
before people were. Once people are recorded, each is asked apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.domain.hard_rules import GROUNDS, cited, rule_with
from portal.domain.informing import SIDE_WORDS
from portal.domain.people import Ask, sides
from portal.domain.protocol import Action, Communication, Gate, Item, Protocol

OUTCOMES = ("agreed", "refused", "not_reached", "overridden")
OPENING = ("agreed", "overridden")
SUBJECT_KINDS = ("talk_subject",)
ACCUSED_KINDS = ("talk_accused", "sanction", "expulsion", "suspension", "time_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something recorded about one item of a step, on a school-local date.

    At a gate: what `person` said on `side`, and on what `ground` the consultation was passed over.
    """

    key: str
    outcome: str
    on: date
    by: str = ""
    reason: str = ""
    person: str = ""
    side: str = ""
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said at a gate; `outcome` empty: not asked yet."""

    person: str
    side: str
    pupil: str
    outcome: str
    withheld: bool
    why: str

    @property
    def opens(self) -> bool:
        """Whether the gate need not wait for them any more."""
        return self.outcome in OPENING


def refusal(gate: Gate, event: Event) -> str | None:
    """Why something said at a gate counts for nothing, in Dutch; None when it counts."""
    if event.outcome not in OUTCOMES:
        return f"Onbekende uitkomst: {event.outcome}."
    if not event.by.strip():
        return f"Wie legde dit vast? ({gate.label})"
    if event.outcome == "overridden" and not event.reason.strip():
        return "Toch doorgaan kan alleen met naam en reden."
    if event.side and gate.side and event.side not in sides(gate):
        return f"Dit gaat over de andere kant. ({gate.label})"
    return None


def new_refusal(protocol: Protocol, gate: Gate, event: Event, asks: Sequence[Ask]) -> str | None:
    """Why it may not be recorded from now on: nobody named, or no ground to pass a pupil over."""
    ask = next((one for one in asks if one.person == event.person), None)
    if asks and ask is None:
        return f"Kies van wie dit antwoord is. ({gate.label})"
    if ask is not None and event.side not in ("", ask.side):
        return f"Dit gaat over de andere kant. ({gate.label})"
    if ask is not None and ask.withheld and event.outcome != "overridden":
        return "Deze ouder mag dit niet horen. Doorgaan kan alleen met naam en reden."
    rule = rule_with(protocol, "pupil_knows")
    passes = needs_ground(protocol, gate) and event.outcome == "overridden"
    if passes and rule is not None and event.ground not in GROUNDS:
        needs = "Dit kan alleen bij acuut gevaar, Veilig Thuis of de wet over medewerkers."
        return f"{needs} {cited(rule.quote, rule.file, rule.line)}"
    return None


def needs_ground(protocol: Protocol, gate: Gate) -> bool:
    """Whether passing a pupil over is right on one of a few grounds only."""
    return gate.kind == "consult_pupil" and rule_with(protocol, "pupil_knows") is not None


def is_open(gate: Gate, said: Sequence[Event], asks: Sequence[Ask], side: str = "") -> bool:
    """Whether a gate is open, for everybody or for what is about one side only."""
    wanted = [one for one in sides(gate) if side in ("", one) or gate.side != "both"]
    return all(_side_open(said, [ask for ask in asks if ask.side == one], one) for one in wanted)


def answers(said: Sequence[Event], asks: Iterable[Ask]) -> tuple[Answer, ...]:
    """What each person who is asked said last."""
    return tuple(
        Answer(ask.person, ask.side, ask.pupil, _last(said, ask), ask.withheld, ask.why)
        for ask in asks
    )


def side_of(item: Item) -> str:
    """The one side that something is about; empty: both, or neither."""
    if isinstance(item, Action):
        if item.kind in SUBJECT_KINDS:
            return "subject"
        return "accused" if item.kind in ACCUSED_KINDS else ""
    if isinstance(item, Communication):
        found = {SIDE_WORDS.get(to.rpartition("-")[2], "") for to in item.to}
        return found.pop() if len(found) == 1 else ""
    return ""


def _side_open(said: Sequence[Event], asks: Sequence[Ask], side: str) -> bool:
    if asks:
        return all(_last(said, ask) in OPENING for ask in asks)
    general = [event for event in said if side in ("", event.side) or not event.side]
    return bool(general) and general[-1].outcome in OPENING


def _last(said: Sequence[Event], ask: Ask) -> str:
    """Their own last word; else what was recorded for their side before they were."""
    own = [event for event in said if event.person == ask.person]
    other = [event for event in said if not event.person and event.side in ("", ask.side)]
    found = own or other
    return found[-1].outcome if found else ""
