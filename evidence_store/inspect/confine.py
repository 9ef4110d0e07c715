"""What a decoding child gives up before it sees the first hostile byte.

Limits come from setrlimit(2); the network goes with a namespace of its own
(unshare(2)) and, whether or not that is allowed here, with a seccomp filter
that also takes away starting programs and changing the file tree.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Calls that open a file and the position of their flags.
_OPENS = {0xC000003E: ((2, 1), (257, 2)), 0xC00000B7: ((56, 2),)}

# Numbers from the kernel's asm/unistd_64.h and asm-generic/unistd.h:
# socket, connect, bind, sendto, execve(at), ptrace, kill family, and every
# call that creates, removes, renames or resizes a name in the file tree.
_DENIED = {
    "x86_64": (
        41, 42, 43, 49, 50, 53, 59, 322, 101, 62, 200, 234, 310, 311, 425, 434,
        76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133, 165, 166,
        258, 259, 260, 263, 264, 265, 266, 268, 280, 316, 319, 321, 272, 308, 437,
    ),
    "aarch64": (
        198, 203, 202, 200, 201, 199, 221, 281, 117, 129, 130, 131, 270, 271, 425, 434,
        45, 46, 276, 34, 35, 36, 37, 38, 33, 52, 53, 54, 55, 88, 39, 40, 279, 280, 97, 268, 437,
    ),
}  # fmt: skip


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def apply_limits(*, memory: int, cpu_seconds: int, files: int) -> None:
    """Set resource limits that cannot be raised again.

    Args:
        memory: Address space in bytes.
        cpu_seconds: Processor time in seconds.
        files: Number of open descriptors.
    """
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory),
    ):
        resource.setrlimit(kind, (value, value))
    # A write to a regular file then fails with EFBIG instead of killing.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def leave_network() -> list[str]:
    """Give up the network and, on Linux, new programs and file changes.

    Returns:
        Names of the measures that hold: "network namespace", "system call
        filter", or none of them.
    """
    if sys.platform != "linux":
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    held = []
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        held.append("network namespace")
    if _install_filter(libc):
        held.append("system call filter")
    return held


def can_open_socket() -> bool:
    """Whether this process could still reach another host (a self-test).

    Returns:
        True if a socket could be made and a route exists.
    """
    import socket  # noqa: PLC0415 - only the self-test needs it

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
    except OSError:
        return False
    return True


def _install_filter(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _DENIED or sys.maxsize < 2**32:
        return False
    program = _filter_program(_AUDIT_ARCH[machine], _DENIED[machine])
    code = ctypes.create_string_buffer(program, len(program))
    packed = _Filter(len(program) // 8, ctypes.cast(code, ctypes.c_void_p).value)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(packed), 0, 0) == 0)


def _filter_program(arch: int, denied: tuple[int, ...]) -> bytes:
    """Classic BPF over struct seccomp_data: number at 0, architecture at 4."""
    load, jump_eq, jump_ge, jump_set, ret = 0x20, 0x15, 0x35, 0x45, 0x06
    rows = [
        (load, 0, 0, 4),
        (jump_eq, 1, 0, arch),
        (ret, 0, 0, _DENY),
        (load, 0, 0, 0),
        # Numbers of the x32 ABI would slip past the list below.
        (jump_ge, 0, 1, _X32_BIT),
        (ret, 0, 0, _DENY),
    ]
    for number, argument in _OPENS[arch]:
        rows += [
            (jump_eq, 0, 4, number),
            (load, 0, 0, 16 + 8 * argument),
            (jump_set, 0, 1, _WRITE_FLAGS),
            (ret, 0, 0, _DENY),
            (ret, 0, 0, _ALLOW),
        ]
    last = len(denied)
    rows += [(jump_eq, last - i, 0, number) for i, number in enumerate(denied)]
    rows += [(ret, 0, 0, _ALLOW), (ret, 0, 0, _DENY)]
    return b"".join(struct.pack("=HBBI", *row) for row in rows)
