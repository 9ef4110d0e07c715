"""A backend with the order of writing turned round, to show that the sweep would notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from evidence_store.backends import Backend
from evidence_store.backends.base import OpenPart, PartWriter, ReadAt


class LateBackend:
    """Says that an object is durable at once and makes it so only when asked to settle."""

    def __init__(self, real: Backend) -> None:
        self._real = real
        self._waiting: list[Callable[[], None]] = []

    def begin(self, name: str) -> LatePart:
        return LatePart(self._real.begin(name), self._waiting)

    def settle(self) -> None:
        for commit in self._waiting:
            commit()

    def resume(self, name: str) -> OpenPart:
        return self._real.resume(name)

    def open(self, name: str) -> ReadAt:
        return self._real.open(name)

    def delete(self, name: str) -> None:
        self._real.delete(name)

    def names(self) -> Iterable[str]:
        return self._real.names()

    def parts(self) -> Iterable[str]:
        return self._real.parts()

    def discard_part(self, name: str) -> None:
        self._real.discard_part(name)


class LatePart:
    """A part whose commit waits."""

    def __init__(self, real: PartWriter, waiting: list[Callable[[], None]]) -> None:
        self._real = real
        self._waiting = waiting

    @property
    def offset(self) -> int:
        return self._real.offset

    def append(self, frame: bytes | memoryview, /) -> None:
        self._real.append(frame)

    def commit(self) -> None:
        self._waiting.append(self._real.commit)

    def abort(self) -> None:
        self._real.abort()

    def close(self) -> None:
        self._real.close()
