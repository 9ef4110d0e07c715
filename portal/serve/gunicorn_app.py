"""Gunicorn, set up for the portal: threads, TLS, no banner, no log of who asked what."""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from portal.config import Settings
from portal.serve.forwarded import Forwarded, WsgiApp, trusted_networks
from portal.serve.worker import PacedWorker

GRACEFUL_SECONDS = 30
KEEPALIVE_SECONDS = 5
CONNECTIONS = 2000
KEPT_CONNECTIONS = 8
FACTORY = "portal.app"


def serve_web(settings: Settings) -> None:
    """Serve until a signal ends it; does not return."""
    PortalServer(settings).run()


class PortalServer(BaseApplication):
    """The portal as gunicorn runs it, without gunicorn's own command line and files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn before anything starts."""
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> WsgiApp:
        """Make the application, in each worker by itself.

        By name, as WSGI servers do: the layers below the application must not import it.
        """
        factory = importlib.import_module(FACTORY).create_app
        app = factory(self._settings, kept_connections=KEPT_CONNECTIONS)
        return Forwarded(app, trusted_networks(self._settings.trusted_proxy))


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """Gunicorn's settings; what is not named keeps gunicorn's default."""
    options: dict[str, Any] = {
        "bind": [bind_address(settings)],
        "worker_class": PacedWorker,
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_connections": CONNECTIONS,
        "keepalive": KEEPALIVE_SECONDS,
        "timeout": 60,
        "graceful_timeout": GRACEFUL_SECONDS,
        "backlog": 1024,
        "preload_app": False,
        "sendfile": False,  # would go round the paced socket
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "info" if settings.debug else "warning",
        "proc_name": "portal web",
        "umask": 0o077,
        "control_socket_disable": True,
        "forwarded_allow_ips": settings.trusted_proxy,
        "forwarder_headers": "",
        "secure_scheme_headers": {"X-FORWARDED-PROTO": "https"},
    }
    if settings.tls_cert:
        options |= {
            "certfile": settings.tls_cert,
            "keyfile": settings.tls_key,
            "ssl_context": tls_context,
        }
    return options


def bind_address(settings: Settings) -> str:
    """Host and port as gunicorn writes them."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def tls_context(_config: Any, default_factory: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Gunicorn's TLS context, with nothing older than TLS 1.2."""
    context = default_factory()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
