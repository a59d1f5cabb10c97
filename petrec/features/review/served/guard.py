"""Who may use the server: a token that was printed at its start, then a cookie.

Pages of other sites must not reach a server on this machine: neither by a form or a script (the
Origin), nor by a name that they point to it (the Host, DNS rebinding).
"""

import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Guard:
    """The secrets of one server, and the names that it is reached by."""

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def address(self) -> str:
        """Return the address to open, with the token."""
        shown = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - only compared
        return f"http://{_bracketed(shown)}:{self.port}/?token={quote(self.token)}"

    @property
    def is_local(self) -> bool:
        """Return whether only this machine can reach the server."""
        return self.host in _LOOPBACK

    def objection(self, request: Request) -> str:
        """Return why a request is refused whatever its cookie; empty if it is not."""
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            return "this address does not belong to petrec review serve"
        if request.method != "GET" and _place_of(request.headers.get("origin", "")) != host:
            return "the request comes from another site"
        return ""

    def is_known(self, request: Request) -> bool:
        """Return whether the browser has the cookie."""
        return _is_equal(request.cookies.get(self._cookie, ""), self._key)

    def fits(self, token: str) -> bool:
        """Return whether this is the token that was printed."""
        return _is_equal(token, self.token)

    def let_in(self, response: Response) -> None:
        """Set the browser's cookie; cookies of one machine are shared by its ports."""
        response.set_cookie(self._cookie, self._key, httponly=True, samesite="strict", path="/")

    @property
    def _cookie(self) -> str:
        return f"petrec_review_{self.port}"

    def _is_ours(self, host: str) -> bool:
        """Return whether the Host is an address or a name of this machine, with the port."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.port:
            return False
        if self.is_local:
            return name in _LOOPBACK
        return _is_address(name) or name in {self.host, "localhost", *_own_names()}


def _place_of(origin: str) -> str:
    """Return host and port of an origin; empty if it is not one."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name}.local", name.partition(".")[0]}


def _is_address(name: str) -> bool:
    """Return whether a name is an IP address, which no other site can point elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_equal(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())
