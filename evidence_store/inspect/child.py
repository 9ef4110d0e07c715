"""The child's side: confine, then let one module look at the bytes.

Started by `sandbox.run_child`; the socket to the parent is standard input.
Imports here are few on purpose, they cost time at every start.
"""

import io
import json
import os
import socket
import sys
from importlib import import_module
from typing import Any

from evidence_store.inspect import confine, wire


class Refusal(Exception):
    """A decoder says no; its code goes to the parent as the fault.

    Args:
        code: Short ASCII word.
    """

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class RangeReader(io.RawIOBase):
    """A seekable file whose bytes the parent serves.

    Args:
        sock: Socket to the parent.
        size: Length in bytes.
    """

    def __init__(self, sock: socket.socket, size: int) -> None:
        """Start at position 0."""
        super().__init__()
        self._sock = sock
        self._position = 0
        self.size = size

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""
        parts = []
        size = min(size, self.size - offset)
        while size > 0:
            wire.send(self._sock, wire.READ, wire.RANGE.pack(offset, min(size, wire.MAX_READ)))
            kind, data = wire.receive(self._sock, wire.MAX_READ)
            if kind != wire.DATA or not data:
                break
            parts.append(data)
            offset += len(data)
            size -= len(data)
        return b"".join(parts)

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; positions before the start become the start."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as there is data."""
        data = self.read_at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class Reply:
    """Where a decoder puts what it finds.

    Args:
        sock: Socket to the parent.
        held: Names of the protections that hold.
    """

    def __init__(self, sock: socket.socket, held: list[str]) -> None:
        """Keep the socket."""
        self._sock = sock
        self.held = held

    def result(self, values: dict[str, Any]) -> None:
        """Send what is known so far; the last one counts."""
        wire.send(self._sock, wire.PARTIAL, json.dumps(values).encode())

    def blob(self, data: bytes) -> None:
        """Send the bytes made."""
        wire.send(self._sock, wire.BLOB, data)


def work(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """Answer a probe, describe or preview order.

    Args:
        job: `op` and its arguments.
        reader: The bytes.
        reply: Where results go.
    """
    if job["op"] == "probe":
        reply.result({"held": reply.held, "reachable": confine.can_open_socket()})
        return
    decode = import_module("evidence_store.inspect.decode")
    getattr(decode, job["op"])(job, reader, reply)


def run(settings_text: str) -> None:
    """Confine this process and serve one order.

    Args:
        settings_text: JSON with module, memory, cpu_seconds and files.
    """
    settings = json.loads(settings_text)
    sock = socket.socket(fileno=0)
    confine.apply_limits(
        memory=settings["memory"], cpu_seconds=settings["cpu_seconds"], files=settings["files"]
    )
    held = confine.leave_network()
    reply = Reply(sock, held)
    try:
        _, order = wire.receive(sock, 1 << 20)
        job = json.loads(order)
        reader = RangeReader(sock, job["size"])
        module = sys.modules[__name__]
        if settings["module"] != __name__:
            module = import_module(settings["module"])
        module.work(job, reader, reply)
        wire.send(sock, wire.DONE)
    except Refusal as refusal:
        _fault(sock, refusal.code)
    except MemoryError:
        _fault(sock, "memory")
    except Exception as error:  # noqa: BLE001 - hostile input may raise anything
        _fault(sock, type(error).__name__)
    # Native threads of a decoder may hang at interpreter exit.
    os._exit(0)


def _fault(sock: socket.socket, code: str) -> None:
    wire.send(sock, wire.FAULT, json.dumps({"code": code}).encode())
