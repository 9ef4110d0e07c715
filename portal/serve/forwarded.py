"""What a reverse proxy says about a client counts only from the address that was configured."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


def trusted_networks(setting: str) -> tuple[Network, ...]:
    """The addresses or networks in the setting ``trusted_proxy``, separated by commas."""
    return tuple(ipaddress.ip_network(item.strip()) for item in setting.split(",") if item.strip())


class Forwarded:
    """Sets the client's address from a trusted proxy, and hides these headers from the portal.

    The scheme is set by gunicorn, under the same condition. Plain HTTP from another machine that
    is not the proxy is refused: it would have come over the network unencrypted.
    """

    def __init__(self, app: WsgiApp, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve one request."""
        said = {name: environ.pop(name, "") for name in _FORWARDED}
        peer = _address(environ.get("REMOTE_ADDR", ""))
        if peer is not None and any(peer in network for network in self._trusted):
            # The last entry is the one that our own proxy wrote.
            client = _address(said["HTTP_X_FORWARDED_FOR"].rpartition(",")[2])
            if client is not None:
                environ["REMOTE_ADDR"] = str(client)
        elif environ.get("wsgi.url_scheme") == "http" and not (peer and peer.is_loopback):
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Plain HTTP is only for the proxy.\n"]
        return self._app(environ, start_response)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
