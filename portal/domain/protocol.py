"""A school's protocol as data: what a protocol file can say, item by item.

Every item carries the sentence it comes from (`quote`, `file`, `line`); `file` is `law` or
`portal` (and `line` 0) where the rule is ours. Lines are counted from 1 by line feeds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

OURS = ("law", "portal")
FORMAT = 1

SCOPES = ("class", "year", "school", "duty_roster", "external")
RANKS = ("line", "head", "board", "confidant")
MODES = ("ordered", "checklist")
GATE_KINDS = (
    "consult_pupil",
    "consent_pupil",
    "consent_parents",
    "approval",
    "announced_before",
)
SIDES = ("", "subject", "accused", "both")
UNITS = ("school_day", "week")
MEDIA = ("", "phone", "visit", "talk", "written")
CONDITION_KINDS = ("advance", "close")
ACTION_KINDS = (
    "talk_subject",
    "talk_accused",
    "talk_both",
    "talk_separate",
    "talk_joint",
    "restorative",
    "talk_group",
    "talk_class",
    "talk_parents",
    "first_response",
    "analyse",
    "analyse_5w",
    "observe_class",
    "consult",
    "plan",
    "execute",
    "agreements",
    "monitor",
    "aftercare",
    "evaluate",
    "stay_available",
    "offer_help",
    "training",
    "prevention",
    "explain_next",
    "announce",
    "weigh",
    "decide",
    "measure",
    "sanction",
    "time_out",
    "suspension",
    "expulsion",
    "inform",
    "handover",
    "refer",
    "refer_external",
    "preserve",
    "block_sender",
    "advise_aangifte",
    "other",
)
MEASURES = ("sanction", "time_out", "suspension", "expulsion", "change_of_school")
GUARDS = (
    "",
    "subject_stays",
    "announced_before",
    "approval",
    "pupil_knows",
    "not_anonymous_alone",
    "heard",
    "at_most",
    "in_writing",
    "end_and_return",
    "hearing",
    "consulted",
    "other_school",
    "inform",
    "before_closing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Anything a protocol says, with the sentence that says it.

    A sentence of the law carries where (`source`) and when (`checked_on`) it was read.
    """

    key: str
    label: str
    quote: str
    line: int = 0
    file: str = ""
    source: str = ""
    checked_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Item):
    """A role in the school's own word; `overseer` is the role next up, empty for the topmost."""

    scope: str = "school"
    rank: str = "line"
    overseer: str = ""
    substitute: str = ""
    substitute_role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """All given facts must hold; `report_min` and `report_max` bound the report's number."""

    class_relation: str = ""
    cyber: bool | None = None
    group: bool | None = None
    structural: bool | None = None
    ongoing: bool | None = None
    report_min: int = 1
    report_max: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo(Item):
    """Something to be done; `after` orders it.

    What is `optional` is needed all the same once facts say so (`needed_when`) or once something
    was done (`needed_after`) or refused at a gate (`needed_refused`); nothing is needed once what
    stands for it was done (`unless`).
    """

    optional: bool = False
    when: str = ""
    after: tuple[str, ...] = ()
    needed_when: tuple[When, ...] = ()
    needed_after: tuple[str, ...] = ()
    needed_refused: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Todo):
    """Something to do; `owner` empty means the step's owner."""

    owner: str = ""
    kind: str = "other"
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Item):
    """What must be on record before the blocked actions or communications may go ahead."""

    kind: str = "consult_pupil"
    side: str = ""
    role: str = ""
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline(Item):
    """`amount` units after the step began, or after `after` was done; 0 school days: same day.

    `during`: the action goes on all that time, so it is not done before.
    """

    action: str
    amount: int = 0
    unit: str = "school_day"
    after: str = ""
    target: bool = False
    during: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication(Todo):
    """Who is told, by whom and how. Nothing is ever sent by itself."""

    to: tuple[str, ...]
    by: str = ""
    medium: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Todo):
    """A note in another system; `titles` are the literal titles, in order of use."""

    system: str
    section: str = ""
    titles: tuple[str, ...] = ()
    per_pupil: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Item):
    """When the step is followed by another (`advance`) or ends (`close`)."""

    kind: str = "advance"
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Item):
    """One step. `owner` empty: whoever the intake rule chose. `repeats`: those items count too."""

    owner: str = ""
    mode: str = "ordered"
    repeats: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    gates: tuple[Gate, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    communications: tuple[Communication, ...] = ()
    registrations: tuple[Registration, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HardRule(Item):
    """What must never happen. `guard` empty: shown to staff; else the program sees to it.

    `measures` are the kinds it is about (empty: all), `amount` counts calendar days, `role` is who
    approves or is told, `items` what must be settled before a case is closed.
    """

    guard: str = ""
    measures: tuple[str, ...] = ()
    role: str = ""
    amount: int = 0
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRule(Item):
    """The first rule that holds decides role and step; `when` lists alternatives."""

    role: str
    step: str
    when: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoRule(Item):
    """Every such rule that holds adds its roles; with `gates` they wait for the outcomes."""

    roles: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    when: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRule(Item):
    """How a report about a member of staff goes past the ordinary line."""

    step: str
    repeat_step: str
    board: tuple[str, ...]
    confidant: str
    head_words: tuple[str, ...]
    board_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A whole protocol; a running case keeps the one that it began under."""

    format: int
    key: str
    name: str
    version: str
    seed: str
    staff: StaffRule
    roles: tuple[Role, ...] = ()
    intake: tuple[IntakeRule, ...] = ()
    intake_also: tuple[AlsoRule, ...] = ()
    steps: tuple[Step, ...] = ()
    hard_rules: tuple[HardRule, ...] = ()
    guidance: tuple[Item, ...] = ()
    _roles: dict[str, Role] = field(init=False, repr=False, compare=False)
    _steps: dict[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index roles and steps by key."""
        object.__setattr__(self, "_roles", {role.key: role for role in self.roles})
        object.__setattr__(self, "_steps", {step.key: step for step in self.steps})

    def role(self, key: str) -> Role | None:
        """The declared role with this key, if any."""
        return self._roles.get(key)

    def step(self, key: str) -> Step | None:
        """The declared step with this key, if any."""
        return self._steps.get(key)

    def label(self, role_key: str) -> str:
        """The school's own word for a role; undeclared words stand for themselves."""
        role = self.role(role_key)
        return role.label if role else role_key

    def parts(self, step_key: str) -> tuple[Step, ...]:
        """The step and all it repeats, those first, each once; an endless circle ends."""
        seen: dict[str, Step] = {}
        self._collect(step_key, seen, frozenset())
        return tuple(seen.values())

    def _collect(self, key: str, seen: dict[str, Step], above: frozenset[str]) -> None:
        step = self.step(key)
        if step is None or key in seen or key in above:
            return
        for part in step.repeats:
            self._collect(part, seen, above | {key})
        seen[key] = step

    def oversight(self, role_key: str) -> tuple[str, ...]:
        """The roles above this one, nearest first."""
        chain: list[str] = []
        role = self.role(role_key)
        while role is not None and role.overseer and role.overseer not in chain:
            chain.append(role.overseer)
            role = self.role(role.overseer)
        return tuple(chain)


def role_key(word: str) -> str:
    """A role word in lower-case ASCII with hyphens: `Leerlingcoördinator` and its key compare."""
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def squeeze(text: str) -> str:
    """White space as single spaces: how quotes are compared with a seed."""
    return " ".join(text.split())


def quote_line(quote: str, source: str, near: int = 0) -> int | None:
    """The line where a quote (parts joined by `…`) begins, or None when it is not there.

    `near` is preferred when the quote begins on that line as well as elsewhere.
    """
    parts = [squeeze(part) for part in quote.split("…") if part.strip()]
    if not parts:
        return None
    patterns = [r"\s+".join(map(re.escape, part.split())) for part in parts]
    found: int | None = None
    for match in re.finditer(patterns[0], source):
        if not _follows(patterns[1:], source, match.end()):
            break
        line = source.count("\n", 0, match.start()) + 1
        if line == near:
            return line
        found = found or line
    return found


def _follows(patterns: list[str], source: str, start: int) -> bool:
    for pattern in patterns:
        match = re.compile(pattern).search(source, start)
        if match is None:
            return False
        start = match.end()
    return True
