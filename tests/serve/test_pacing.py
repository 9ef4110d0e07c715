"""The paced socket, against a clock and a socket of our own making."""

import socket

import pytest

from portal.serve.pacing import HEAD_SECONDS, IDLE_SECONDS, PacedSocket, SlowBody


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Drip:
    """Gives and takes ``size`` bytes after ``wait`` seconds each; None waits for ever."""

    def __init__(self, clock: Clock, wait: float | None, size: int) -> None:
        self.clock = clock
        self.wait = wait
        self.size = size
        self.timeout = None
        self.taken = 0

    def settimeout(self, seconds):
        self.timeout = seconds

    def setblocking(self, flag):
        self.timeout = None if flag else 0.0

    def _pass(self):
        if self.wait is None or (self.timeout is not None and self.wait > self.timeout):
            self.clock.now += self.timeout
            raise TimeoutError
        self.clock.now += self.wait

    def recv(self, size):
        self._pass()
        return b"x" * min(size, self.size)

    def send(self, data):
        self._pass()
        self.taken += min(len(data), self.size)
        return min(len(data), self.size)


def paced(wait, size):
    clock = Clock()
    drip = Drip(clock, wait, size)
    connection = PacedSocket(drip, clock)
    connection.setblocking(True)
    return connection, drip, clock


def test_a_head_must_be_in_within_its_time_however_it_drips():
    connection, _, clock = paced(wait=1.0, size=1)
    started = clock.now
    while connection.recv(8192):
        pass
    assert clock.now - started <= HEAD_SECONDS + 1


def test_a_silent_body_ends_after_thirty_seconds():
    connection, _, clock = paced(wait=None, size=1)
    connection.expect_body()
    started = clock.now
    with pytest.raises(SlowBody):
        connection.recv(1024)
    assert clock.now - started == IDLE_SECONDS


def test_nobody_waits_again_for_a_body_that_was_given_up():
    connection, _, clock = paced(wait=None, size=1)
    connection.expect_body()
    with pytest.raises(SlowBody):
        connection.recv(1024)
    given_up = clock.now
    with pytest.raises(SlowBody):
        connection.recv(1024)
    assert clock.now == given_up


def test_a_dripping_body_ends_within_ninety_seconds():
    connection, _, clock = paced(wait=29.0, size=1)
    connection.expect_body()
    started = clock.now
    with pytest.raises(SlowBody):
        _receive_for_ever(connection)
    assert clock.now - started <= 90


def _receive_for_ever(connection):
    while True:
        connection.recv(1024)


def test_a_slow_honest_phone_is_served_to_the_end():
    connection, *_ = paced(wait=1.0, size=1500)
    connection.expect_body()
    received = sum(len(connection.recv(8192)) for _ in range(600))
    assert received == 600 * 1500


def test_our_own_slowness_does_not_count_against_the_client():
    connection, _, clock = paced(wait=0.1, size=500)
    connection.expect_body()
    for _ in range(200):
        assert connection.recv(8192)
        clock.now += 20  # the disk is busy


def test_an_answer_that_nobody_takes_ends_as_a_lost_connection():
    connection, drip, _ = paced(wait=20.0, size=10)
    with pytest.raises(ConnectionResetError):
        connection.sendall(b"x" * 100_000)
    assert drip.taken < 100


def test_a_slowly_taken_answer_is_sent_whole():
    connection, drip, _ = paced(wait=2.0, size=5_000)
    connection.sendall(b"x" * 400_000)
    assert drip.taken == 400_000


def test_it_stands_in_for_a_real_socket():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = PacedSocket(ours)
        connection.setblocking(True)
        connection.sendall(b"answer")
        assert theirs.recv(100) == b"answer"
        theirs.sendall(b"question")
        assert connection.recv(100) == b"question"
        assert connection.fileno() == ours.fileno()
