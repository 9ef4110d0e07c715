"""Keeps the web server and the background worker running, and ends both cleanly."""

from __future__ import annotations

import ctypes
import ipaddress
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import connection
from multiprocessing.process import BaseProcess

from portal.config import Settings
from portal.serve.forwarded import trusted_networks
from portal.serve.gunicorn_app import GRACEFUL_SECONDS, bind_address, serve_web

# A web server that ends this soon after the first start cannot serve at all: say so and stop.
SETTLED_SECONDS = 10.0
FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
OPEN_FILES = 65_536
ENDING = (signal.SIGTERM, signal.SIGINT)
_POLL_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1


class UnsafeAddressError(ValueError):
    """The portal cannot, or should not, be served at this address; the text says why."""


class _Child:
    """One process that should always be running."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self.name = name
        self.process: BaseProcess | None = None
        self._run = run
        self._due = 0.0
        self._started = 0.0
        self._delay = FIRST_DELAY
        self.settled = False

    def start_if_due(self) -> None:
        if self.process is not None or time.monotonic() < self._due:
            return
        # Fork, because a new interpreter would have to be told all settings again.
        context = multiprocessing.get_context("fork")
        self.process = context.Process(
            target=_child_main, args=(self._run, os.getpid()), name=self.name
        )
        self._started = time.monotonic()
        # A signal between fork and the child's own handlers would be lost on it.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def take_note(self) -> int | None:
        """The exit code if the process ended; plans its next start."""
        running = time.monotonic() - self._started
        if self.process is None:
            return None
        if self.process.is_alive():
            self.settled = self.settled or running > SETTLED_SECONDS
            return None
        self.process.join()
        code, self.process = self.process.exitcode, None
        self._delay = FIRST_DELAY if running > LONGEST_DELAY else self._delay
        self._due = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        return code or 0

    def stop(self, deadline: float) -> None:
        if self.process is None:
            return
        self.process.join(max(0.0, deadline - time.monotonic()))
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class _Stop:
    """Set by a signal."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, _signal: int, _frame: object) -> None:
        self.asked = True


def supervise(settings: Settings, *, worker: Callable[[Settings], None]) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code for the command.

    Args:
        settings: where to listen, with how many processes and threads.
        worker: runs the background work in a process of its own; does not return by itself.

    Raises:
        UnsafeAddressError: plain HTTP that others can reach, TLS that cannot work, a taken port.
    """
    check_address(settings)
    check_port(settings)
    confine_process()
    stop = _Stop()
    for number in ENDING:
        signal.signal(number, stop)
    children = [
        _Child("web", partial(serve_web, settings)),
        _Child("worker", partial(worker, settings)),
    ]
    scheme = "https" if settings.tls_cert else "http"
    _say(f"Serving on {scheme}://{bind_address(settings)}")
    try:
        return _watch(children, stop)
    finally:
        _stop_all(children)


def check_address(settings: Settings) -> None:
    """Refuse to serve plain HTTP where others than this machine or a named proxy can hear it."""
    try:
        trusted_networks(settings.trusted_proxy)
    except ValueError as error:
        raise UnsafeAddressError(f"trusted_proxy: {error}") from error
    if settings.tls_cert or settings.tls_key:
        _check_certificate(settings)
    elif not (settings.trusted_proxy or _is_loopback(settings.host)):
        raise UnsafeAddressError(
            f"plain HTTP is served on this machine only, not on {settings.host}: "
            "give a certificate and key, or set trusted_proxy to the address of the proxy before it"
        )


def _check_certificate(settings: Settings) -> None:
    if not (settings.tls_cert and settings.tls_key):
        raise UnsafeAddressError("TLS needs both a certificate and its key")
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:
        raise UnsafeAddressError(
            f"the certificate {settings.tls_cert} and key {settings.tls_key} "
            f"cannot be used: {error.strerror or error}"
        ) from error


def check_port(settings: Settings) -> None:
    """Say at once that a port is taken; gunicorn would try for some seconds first."""
    try:
        family, kind, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise UnsafeAddressError(
            f"cannot listen on {bind_address(settings)}: {error.strerror or error}"
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def confine_process() -> None:
    """No core dumps, which would hold what was being read; and enough open files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    os.umask(0o077)


def _watch(children: list[_Child], stop: _Stop) -> int:
    while not stop.asked:
        for child in children:
            child.start_if_due()
        running = [child.process.sentinel for child in children if child.process is not None]
        connection.wait(running, timeout=_POLL_SECONDS)
        for child in children:
            code = child.take_note()
            if code is None or stop.asked:
                continue
            if child.name == "web" and not child.settled:
                _say("The web server could not start.")
                return code or 1
            _say(f"The {child.name} process ended (exit code {code}) and is started again.")
    return 0


def _stop_all(children: list[_Child]) -> None:
    for child in children:
        if child.process is not None and child.process.is_alive():
            child.process.terminate()
    deadline = time.monotonic() + GRACEFUL_SECONDS + 5
    for child in children:
        child.stop(deadline)


def _child_main(run: Callable[[], None], parent: int) -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    # Ctrl-C in a terminal goes to the supervisor alone, which then ends us in order.
    os.setpgrp()
    if sys.platform == "linux":
        # If the supervisor is killed, nothing may serve on without it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        run()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
