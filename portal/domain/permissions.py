"""What staff may do at all; whether a case is theirs is decided by the keys they hold."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import StrEnum


class Action(StrEnum):
    """What a route asks for."""

    GIVE_SIGNAL = "give_signal"
    WORK_ON_CASES = "work_on_cases"
    CONFIRM_COLLEAGUES = "confirm_colleagues"
    MANAGE_ROSTER = "manage_roster"


def powers_of(*, activated: bool, confirmed: bool, is_admin: bool) -> frozenset[Action]:
    """List what somebody may do; an administrator reads no case by being one."""
    powers = set()
    if activated:
        powers |= {Action.GIVE_SIGNAL, Action.WORK_ON_CASES}
    if activated and confirmed:
        powers.add(Action.CONFIRM_COLLEAGUES)
    if activated and is_admin:
        powers.add(Action.MANAGE_ROSTER)
    return frozenset(powers)


def may(powers: AbstractSet[Action], action: Action) -> bool:
    """Whether these powers include the action."""
    return action in powers
