"""What a service refuses, as exceptions the web turns into plain answers."""

from __future__ import annotations


class ServiceError(Exception):
    """Base of all refusals; the text is for developers, the web finds the reader's words."""


class NotFoundError(ServiceError):
    """There is no such thing, or not for this person: the answer is the same."""


class ForbiddenError(ServiceError):
    """This person may see the thing but not do this with it."""


class RecordMismatchError(ServiceError):
    """A sealed record holds something else than its row says: swapped or replayed."""


class ConflictError(ServiceError):
    """Somebody else changed it first."""


class InvalidInputError(ServiceError):
    """An answer cannot be used; ``field`` says which, ``problem`` is a stable word."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field = field
        self.problem = problem

    def __str__(self) -> str:
        """Both, for a log; given apart above, so that another process can pass the error on."""
        return f"{self.field}: {self.problem}"
