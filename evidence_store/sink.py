"""Hashing and writing of ciphertext, for large files on a thread of their own.

SHA-256 of the ciphertext and the copy to the kernel cost as much as SHA-256 of the plaintext and
the encryption, so two threads halve the wall time. A file that fits one buffer never pays for a
thread. At most `_BUFFERS` buffers exist for a file, whatever its size.
"""

import hashlib
from queue import SimpleQueue
from threading import Thread

from evidence_store.age import FRAME_SIZE
from evidence_store.backends import PartWriter

BUFFER_SIZE = 8 * FRAME_SIZE
"""Bytes of one buffer: eight full frames."""
_BUFFERS = 4


class Sink:
    """Takes ciphertext in order and writes it to one part."""

    def __init__(self, part: PartWriter) -> None:
        """Begin.

        Args:
            part: the part to write to.
        """
        self._part = part
        self._digest = hashlib.sha256()
        self._free: SimpleQueue[bytearray] = SimpleQueue()
        self._full: SimpleQueue[tuple[bytearray, int] | None] = SimpleQueue()
        self._made = 1
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def write(self, data: bytes | memoryview) -> None:
        """Write at once, on the caller's thread; only before the first `swap` or after `drain`.

        Args:
            data: ciphertext.

        Raises:
            OSError: when it cannot be written.
        """
        self._digest.update(data)
        self._part.append(data)

    def swap(self, buffer: bytearray, used: int) -> bytearray:
        """Hand over a buffer to the writing thread and get another one.

        Args:
            buffer: `BUFFER_SIZE` bytes.
            used: how many of them are ciphertext.

        Returns:
            A buffer to fill next.

        Raises:
            OSError: when an earlier buffer could not be written.
        """
        self._check()
        if self._thread is None:
            thread = Thread(target=self._run, name="evidence-sink", daemon=True)
            thread.start()
            self._thread = thread
        self._full.put((buffer, used))
        if self._free.empty() and self._made < _BUFFERS:
            self._made += 1
            return bytearray(BUFFER_SIZE)
        return self._free.get()

    def drain(self) -> None:
        """Wait until everything that was handed over is written, and end the thread.

        Raises:
            OSError: when something could not be written.
        """
        self._stop()
        self._check()

    def commit(self) -> None:
        """Make the object durable and visible; everything must have been drained.

        Raises:
            OSError: when that failed; nothing is left then.
        """
        self._part.commit()

    def abort(self) -> None:
        """End the thread and remove what was written."""
        self._stop()
        self._part.abort()

    @property
    def size(self) -> int:
        """Number of bytes written."""
        return self._part.offset

    def hexdigest(self) -> str:
        """Return the SHA-256 of everything written, in hexadecimal."""
        return self._digest.hexdigest()

    def _stop(self) -> None:
        if self._thread is not None:
            self._full.put(None)
            self._thread.join()
            self._thread = None

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self._full.get()) is not None:
            buffer, used = item
            if self._error is None:
                self._store(memoryview(buffer)[:used])
            self._free.put(buffer)

    def _store(self, data: memoryview) -> None:
        try:
            self.write(data)
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread by _check
            self._error = error
