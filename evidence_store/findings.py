"""What a check of a store finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong in a store.

    Attributes:
        id: the object.
        code: ``missing``, ``size``, ``content``, ``header``, ``record`` or ``unreadable``.
        message: the same as a sentence.
    """

    id: str
    code: str
    message: str


@dataclass(frozen=True)
class FsckReport:
    """The state of a store.

    Attributes:
        objects: ids that have a record, sorted.
        orphans: ids of objects without a record, as a crash leaves them; not damage.
        parts: names of unfinished objects; not damage.
        damage: everything that is wrong.
    """

    objects: tuple[str, ...]
    orphans: tuple[str, ...]
    parts: tuple[str, ...]
    damage: tuple[Damage, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damage
