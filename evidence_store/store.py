"""The evidence store: originals in, encrypted and hashed while they arrive; originals out.

An object is one standard age file under a random name, and beside it stands a record of its
ciphertext (see `record`), so that a copy of the store can be checked without any key. Hashes of
plaintext are never stored in clear: they would let a thief confirm a known picture.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from evidence_store.age import AnyIdentity, AnyRecipient, Encryptor, SeekableReader
from evidence_store.age.header import read_header
from evidence_store.backends import Backend, ReadAt
from evidence_store.backends.base import check_name
from evidence_store.errors import (
    DamagedError,
    HeaderError,
    NotFoundError,
)
from evidence_store.findings import Damage, FsckReport
from evidence_store.intake import Intake, StoredItem, new_id
from evidence_store.record import SUFFIX, DigestRecord, read_record
from evidence_store.rehead import ReheadedItem, rehead
from evidence_store.resumable import ResumableIntake, ResumableState

__all__ = [
    "Damage",
    "EvidenceStore",
    "FsckReport",
    "Intake",
    "ReheadedItem",
    "StoredItem",
    "new_id",
]

_READ_SIZE = 1 << 20


class EvidenceStore:
    """Originals in a backend. It keeps no state of its own; several processes may share one."""

    def __init__(self, backend: Backend) -> None:
        """Use a backend.

        Args:
            backend: where objects are kept.
        """
        self._backend = backend

    def begin(
        self,
        recipients: Sequence[AnyRecipient],
        *,
        limit: int | None,
        item_id: str | None = None,
    ) -> Intake:
        """Begin to take in an original that arrives piece by piece.

        Args:
            recipients: who may read it; at least one.
            limit: the largest allowed size in bytes; None for no limit.
            item_id: the id to use, from `new_id`; None for a new one.

        Returns:
            The intake; use it as a context manager.

        Raises:
            InvalidKeyError: when there is no recipient, or one is not usable.
            NotFoundError: when `item_id` cannot be an id.
        """
        item_id = new_id() if item_id is None else _check_id(item_id)
        return Intake(self._backend, Encryptor(recipients), item_id=item_id, limit=limit)

    def begin_resumable(self, recipients: Sequence[AnyRecipient], *, size: int) -> ResumableState:
        """Begin to take in an original that may come in several goes, to any process.

        Args:
            recipients: who may read it; at least one.
            size: bytes of the whole original, known beforehand.

        Returns:
            What `resume` needs. It holds the key of the file: keep it encrypted.

        Raises:
            InvalidKeyError: when there is no recipient, or one is not usable.
            EmptyFileError: when the file is empty.
            OSError: when nothing can be written; nothing is left then.
        """
        return ResumableState.begin(self._backend, recipients, item_id=new_id(), size=size)

    def resume(self, state: ResumableState) -> ResumableIntake:
        """Go on with an original where it broke off.

        Args:
            state: what `begin_resumable` gave.

        Returns:
            The intake; use it as a context manager.

        Raises:
            NotFoundError: when it was discarded.
            DamagedError: when there is less than was written.
            OSError: when it cannot be opened.
        """
        return ResumableIntake(self._backend, state)

    @contextlib.contextmanager
    def holding(self, item_id: str) -> Iterator[Callable[[], None]]:
        """Keep everybody from a resumable original while it is decided whether it goes.

        Args:
            item_id: its id.

        Returns:
            A context manager that gives what removes it, also after `ResumableIntake.finish`.

        Raises:
            NotFoundError: when it was discarded.
            OvertakenError: when it is being ended or written at this moment.
            OSError: when it cannot be opened.
        """
        with contextlib.closing(self._backend.resume(_check_id(item_id))) as part:
            part.hold()

            def discard() -> None:
                with contextlib.suppress(NotFoundError):
                    self._backend.delete(item_id + SUFFIX)
                part.discard()

            yield discard

    def discard(self, item_id: str) -> None:
        """Remove a resumable original that is listed nowhere.

        Args:
            item_id: its id.

        Raises:
            NotFoundError: when it was discarded.
            OvertakenError: when it is being ended or written at this moment.
            OSError: when it cannot be removed.
        """
        with self.holding(item_id) as discard:
            discard()

    def discard_part(self, name: str) -> None:
        """Remove what a writer that is gone left behind.

        Args:
            name: one of the `parts` that `fsck` listed.

        Raises:
            NotFoundError: when there is no such part.
            OvertakenError: when its writer is still there.
            OSError: when it cannot be removed.
        """
        self._backend.discard_part(name)

    def take_in(
        self,
        source: BinaryIO,
        recipients: Sequence[AnyRecipient],
        *,
        limit: int | None = None,
    ) -> StoredItem:
        """Take in an original from an open file.

        Args:
            source: a binary file at its beginning.
            recipients: who may read it; at least one.
            limit: the largest allowed size in bytes; None for no limit.

        Returns:
            Id, hashes and sizes; the object is durable.

        Raises:
            InvalidKeyError: when there is no recipient, or one is not usable.
            EmptyFileError: when the file is empty.
            TooLargeError: when it is larger than the limit.
            OSError: when reading or writing fails; nothing is left then.
        """
        with self.begin(recipients, limit=limit) as intake:
            while data := source.read(_READ_SIZE):
                intake.write(data)
            return intake.finish()

    def open(self, item_id: str, identities: Sequence[AnyIdentity]) -> SeekableReader:
        """Open an original for reading anywhere in it.

        Args:
            item_id: its id.
            identities: the identities to try, in order.

        Returns:
            A read-only, seekable binary file; close it after use.

        Raises:
            NotFoundError: when the store holds no such object.
            NoMatchError: when none of the identities opens it.
            AgeError: when header or end of the object are damaged.
            OSError: when it cannot be read.
        """
        source = self._backend.open(_check_id(item_id))
        try:
            return SeekableReader(source, identities)
        except BaseException:
            source.close()
            raise

    def rehead(
        self,
        item_id: str,
        identities: Sequence[AnyIdentity],
        recipients: Sequence[AnyRecipient],
    ) -> ReheadedItem:
        """Write an object anew for other recipients, with the same payload under a new id.

        The old object stands until the caller destroys it; see `rehead` for what this cannot do.

        Args:
            item_id: its id.
            identities: the identities to try on it, in order.
            recipients: who may read the new object; at least one.

        Returns:
            The new object; it is durable.

        Raises:
            InvalidKeyError: when there is no recipient, or one is not usable.
            NotFoundError: when the store holds no such object or no record of it.
            NoMatchError: when none of the identities opens it.
            AgeError: when its header or its end is damaged.
            DamagedError: when it is not what was written.
            OSError: when something could not be made durable; nothing is left then.
        """
        return rehead(
            self._backend,
            _check_id(item_id),
            identities=identities,
            recipients=recipients,
            new_id=new_id(),
        )

    def ciphertext_sha256(self, item_id: str) -> str:
        """Hash an object as it is stored now; no key is needed.

        Args:
            item_id: its id.

        Returns:
            SHA-256 of the age file, in hexadecimal.

        Raises:
            NotFoundError: when the store holds no such object.
            OSError: when it cannot be read.
        """
        source = self._backend.open(_check_id(item_id))
        try:
            digest = hashlib.sha256()
            for piece in _pieces(source):
                digest.update(piece)
            return digest.hexdigest()
        finally:
            source.close()

    def verify(self, item_id: str) -> None:
        """Check all bytes of one object against its record; no key is needed.

        Args:
            item_id: its id.

        Raises:
            NotFoundError: when the store holds no such object or no record of it.
            DamagedError: when it is not as it was written.
            OSError: when it cannot be read.
        """
        record = read_record(self._backend, _check_id(item_id))
        damage = self._check(item_id, record, read_all=True)
        if damage is not None:
            raise DamagedError(damage.message)

    def destroy(self, item_id: str) -> None:
        """Remove an object and its record durably. Copies in backups stay until they expire.

        Args:
            item_id: its id.

        Raises:
            NotFoundError: when the store holds no such object.
            OSError: when it cannot be removed.
        """
        self._backend.open(_check_id(item_id)).close()
        # The record first: a crash in between leaves an orphan, not what looks like a loss.
        with contextlib.suppress(NotFoundError):
            self._backend.delete(item_id + SUFFIX)
        self._backend.delete(item_id)

    def fsck(self, *, read_all: bool = False) -> FsckReport:
        """Check the store without any key.

        Args:
            read_all: also hash every object, which finds any changed byte.

        Returns:
            What is there and what is damaged.

        Raises:
            OSError: when the store itself cannot be listed.
        """
        names = set(self._backend.names())
        recorded = sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))
        bare = {name for name in names if not name.endswith(SUFFIX)}
        found = (self._inspect(item_id, read_all=read_all) for item_id in recorded)
        return FsckReport(
            objects=tuple(recorded),
            orphans=tuple(sorted(bare - set(recorded))),
            parts=tuple(sorted(self._backend.parts())),
            damage=tuple(damage for damage in found if damage is not None),
        )

    def _inspect(self, item_id: str, *, read_all: bool) -> Damage | None:
        try:
            record = read_record(self._backend, item_id)
            return self._check(item_id, record, read_all=read_all)
        except DamagedError as error:
            return Damage(item_id, "record", str(error))
        except NotFoundError:
            return self._missing(item_id)
        except OSError as error:
            return Damage(item_id, "unreadable", f"the object cannot be read: {error.strerror}")

    def _missing(self, item_id: str) -> Damage | None:
        """Tell a lost object from one that is being destroyed while the store is checked."""
        if item_id + SUFFIX in self._backend.names():
            return Damage(item_id, "missing", "the object is gone")
        return None

    def _check(self, item_id: str, record: DigestRecord, *, read_all: bool) -> Damage | None:
        source = self._backend.open(item_id)
        try:
            if source.size != record.size:
                message = f"the object has {source.size} bytes instead of {record.size}"
                return Damage(item_id, "size", message)
            pieces = _pieces(source)
            read_header(lambda _: next(pieces, b""))
        except HeaderError as error:
            return Damage(item_id, "header", str(error))
        finally:
            source.close()
        if read_all and self.ciphertext_sha256(item_id) != record.sha256:
            return Damage(item_id, "content", "the object is not what was written")
        return None


def _check_id(item_id: str) -> str:
    if item_id.endswith(SUFFIX):
        message = "this is not the id of a stored object"
        raise NotFoundError(message)
    return check_name(item_id)


def _pieces(source: ReadAt) -> Iterator[bytes]:
    """Read an object from its beginning to its end."""
    for offset in range(0, source.size, _READ_SIZE):
        yield source.read_at(offset, _READ_SIZE)
