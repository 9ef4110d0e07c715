"""Frames between the inspecting parent and its sandboxed child.

One frame is a kind (1 byte), a length (4 bytes, big-endian) and that many
bytes. The child speaks first only to ask for a range or to hand over a
result; everything it sends is untrusted and bounded by the parent.
"""

import socket
import struct

HEADER = struct.Struct(">cI")
RANGE = struct.Struct(">QI")

JOB = b"J"
DATA = b"D"
READ = b"R"
PARTIAL = b"P"
BLOB = b"B"
FAULT = b"E"
DONE = b"Z"

MAX_READ = 1 << 20
"""Largest range one request may ask for, in bytes."""


class WireError(Exception):
    """The other side closed the socket, was too slow or broke the framing."""


def send(sock: socket.socket, kind: bytes, payload: bytes = b"") -> None:
    """Send one frame.

    Args:
        sock: Connected stream socket.
        kind: One byte, a constant of this module.
        payload: Any bytes below 4 GiB.

    Raises:
        OSError: The socket is gone or timed out.
    """
    sock.sendall(HEADER.pack(kind, len(payload)))
    if payload:
        sock.sendall(payload)


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    """Receive exactly `size` bytes.

    Args:
        sock: Connected stream socket.
        size: Number of bytes.

    Returns:
        The bytes.

    Raises:
        WireError: The stream ended before that.
        OSError: The socket timed out.
    """
    buffer = bytearray(size)
    view = memoryview(buffer)
    filled = 0
    while filled < size:
        count = sock.recv_into(view[filled:])
        if count == 0:
            msg = "stream ended inside a frame"
            raise WireError(msg)
        filled += count
    return bytes(buffer)


def receive(sock: socket.socket, limit: int) -> tuple[bytes, bytes]:
    """Receive one frame.

    Args:
        sock: Connected stream socket.
        limit: Largest payload to accept, in bytes.

    Returns:
        Kind and payload.

    Raises:
        WireError: Stream ended, or the frame is larger than `limit`.
        OSError: The socket timed out.
    """
    kind, size = HEADER.unpack(receive_exactly(sock, HEADER.size))
    if size > limit:
        msg = f"frame of {size} bytes, at most {limit} allowed"
        raise WireError(msg)
    return kind, receive_exactly(sock, size)
