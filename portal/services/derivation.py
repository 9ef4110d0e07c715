"""Keys from secrets that people type: Argon2id, always with one lane.

With more lanes 50 concurrent calls in `cryptography` deadlock (measured). Parameters are kept
per record, so that they can grow without locking anybody out.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from evidence_store import Identity

SALT_BYTES = 16
KEY_BYTES = 32
ALGORITHM = "argon2id"


class Turns:
    """One at a time, in the order of coming; those who go first wait only for each other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._numbers = itertools.count()
        self._line: set[tuple[bool, int]] = set()

    @contextmanager
    def take(self, *, first: bool) -> Iterator[None]:
        """Wait for a turn and have it."""
        with self._changed:
            place = (not first, next(self._numbers))
            self._line.add(place)
            try:
                self._changed.wait_for(lambda: not self._taken and min(self._line) == place)
            finally:
                self._line.remove(place)
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()


QUEUE = Turns()
"""Staff log-ins derive one at a time in each worker; a pupil's code never waits for them."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is kept beside a derived key (memory in KiB, salt as hex)."""

    salt: str
    iterations: int
    memory_kib: int
    algorithm: str = ALGORITHM

    def to_json(self) -> dict[str, str | int]:
        """Give the form that is stored."""
        return asdict(self)


def parameters_for_code() -> Parameters:
    """Fresh parameters for a reporter's code: 75 random bits need little stretching."""
    return Parameters(secrets.token_hex(SALT_BYTES), iterations=2, memory_kib=8 * 1024)


def parameters_for_staff() -> Parameters:
    """Fresh parameters for a passphrase or recovery code of staff."""
    return Parameters(secrets.token_hex(SALT_BYTES), iterations=2, memory_kib=64 * 1024)


def parameters_from(stored: dict[str, str | int]) -> Parameters:
    """Read stored parameters back."""
    return Parameters(
        salt=str(stored["salt"]),
        iterations=int(stored["iterations"]),
        memory_kib=int(stored["memory_kib"]),
        algorithm=str(stored["algorithm"]),
    )


def derive_identity(secret: str, parameters: Parameters) -> Identity:
    """Derive the age identity of a secret."""
    kdf = Argon2id(
        salt=bytes.fromhex(parameters.salt),
        length=KEY_BYTES,
        iterations=parameters.iterations,
        lanes=1,
        memory_cost=parameters.memory_kib,
    )
    return Identity.from_secret(kdf.derive(secret.encode()))


def derive_staff_identity(secret: str, parameters: Parameters, *, first: bool = False) -> Identity:
    """Derive for staff: 64 MiB at a time, one at a time in this worker."""
    with QUEUE.take(first=first):
        return derive_identity(secret, parameters)
