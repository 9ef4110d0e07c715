"""Starts a supervised server with a small application in it, as `portal serve` does."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    process: subprocess.Popen
    port: int
    note: Path
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def get(self, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(client):
            client.request("GET", path, headers=headers or {})
            response = client.getresponse()
            response.text = response.read().decode()
            return response

    def workers(self) -> list[int]:
        return [int(line) for line in self.note.read_text().split()] if self.note.exists() else []


def wait_until(holds, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def start(tmp_path):
    """A function that starts a server with settings of its own; all end with the test."""
    servers = []

    def start_server(*, wait=True, environment=None, **settings) -> Server:
        port = free_port()
        note, log = tmp_path / f"worker-{port}", tmp_path / f"log-{port}"
        values = {"port": port, "instance_dir": tmp_path, "workers": 1, **settings}
        values.pop("instance_dir")
        command = [sys.executable, "-m", "tests.serve.sample_worker"]
        command += [f"{name}={value}" for name, value in values.items()]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    "WORKER_NOTE": str(note),
                    "PORTAL_INSTANCE_DIR": str(tmp_path),
                    **(environment or {}),
                },
            )
        server = Server(process, port, note, log)
        servers.append(server)
        if wait:
            wait_until(lambda: answers(port))
        return server

    yield start_server
    for server in servers:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
    for server in servers:
        server.process.wait(timeout=45)


@pytest.fixture
def certificate(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        f" -keyout {key} -out {cert} -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost".split(),
        check=True,
        capture_output=True,
    )
    return cert, key
