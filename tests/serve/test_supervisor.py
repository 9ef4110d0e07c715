"""The supervisor: both processes run, come back when they die, and end together."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from portal.config import Settings
from portal.serve.supervisor import UnsafeAddressError, check_address, check_port
from tests.serve.conftest import wait_until


@pytest.mark.parametrize(
    "settings",
    [
        Settings(host="127.0.0.1"),
        Settings(host="::1"),
        Settings(host="localhost"),
        Settings(host="0.0.0.0", trusted_proxy="10.0.0.2"),
    ],
    ids=str,
)
def test_safe_addresses_are_served(settings):
    check_address(settings)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(host="0.0.0.0"),
        Settings(host="192.0.2.10"),
        Settings(host="melden.voorbeeld.nl"),
        Settings(host="127.0.0.1", tls_cert="cert.pem"),
        Settings(host="127.0.0.1", tls_cert="missing.pem", tls_key="missing.pem"),
        Settings(host="127.0.0.1", trusted_proxy="the proxy"),
    ],
    ids=str,
)
def test_what_is_unsafe_or_cannot_work_is_refused(settings):
    with pytest.raises(UnsafeAddressError):
        check_address(settings)


def test_tls_may_be_served_to_everybody(certificate):
    cert, key = map(str, certificate)
    check_address(Settings(host="0.0.0.0", tls_cert=cert, tls_key=key))
    with pytest.raises(UnsafeAddressError, match="cannot be used"):
        check_address(Settings(host="0.0.0.0", tls_cert=key, tls_key=cert))


def test_a_taken_port_is_told_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UnsafeAddressError, match="in use"):
            check_port(Settings(port=taken.getsockname()[1]))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_dead_background_worker_is_started_again(start):
    server = start()
    wait_until(lambda: len(server.workers()) == 1)
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_until(lambda: len(server.workers()) == 2)
    assert server.get("/who").status == 200


def test_a_worker_that_keeps_crashing_is_tried_ever_more_slowly(start):
    server = start(environment={"WORKER_CRASHES": "1"})
    time.sleep(5)
    assert 2 <= len(server.workers()) <= 4
    assert server.get("/who").status == 200


def test_a_dead_web_process_is_replaced(start):
    server = start()
    for _ in range(2):
        with server.connect() as connection:
            connection.sendall(b"GET /crash HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(100)
    wait_until(lambda: _serves(server))


def _serves(server) -> bool:
    try:
        return server.get("/who").status == 200
    except OSError:
        return False


def test_no_process_may_dump_its_memory(start):
    server = start()
    wait_until(lambda: len(server.workers()) == 1)
    limits = Path(f"/proc/{server.workers()[0]}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)


def test_a_signal_right_after_the_start_is_not_lost(start):
    for delay in (0.15, 0.3, 0.5, 0.8):
        server = start(wait=False)
        time.sleep(delay)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=10) in {0, -signal.SIGTERM}
        assert not _serves(server)


def test_sigterm_ends_everything(start):
    server = start()
    wait_until(lambda: len(server.workers()) == 1)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0
    assert not alive(server.workers()[0])


def test_sigterm_lets_a_request_finish(start):
    server = start()
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        connection.sendall(b"67890")
        assert b"200 OK" in connection.recv(1000)
    assert server.process.wait(timeout=20) == 0


def test_a_killed_supervisor_leaves_nothing_behind(start):
    server = start()
    wait_until(lambda: len(server.workers()) == 1)
    server.process.kill()
    wait_until(lambda: not alive(server.workers()[0]))
    wait_until(lambda: not _serves(server))


def test_a_server_that_cannot_start_says_so_and_stops(start):
    server = start(wait=False, app="broken")
    assert server.process.wait(timeout=30) != 0
    assert "could not start" in server.log.read_text()
