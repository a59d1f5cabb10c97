"""The time in which a client must send the head of a request; uvicorn has no limit of its own.

A client that sends a byte now and then would keep its connection for ever.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol


@dataclass(frozen=True)
class HeadTime:
    """How long the head of a request may take, in seconds."""

    limit_s: float


class TimedConfig(uvicorn.Config):
    """The server's configuration, with the time for the head of a request."""

    def __init__(self, app: Any, *, head: HeadTime, **options: Any) -> None:
        super().__init__(app, http=TimedProtocol, **options)
        self.head = head


class TimedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """A connection that is closed while no request runs on it, and its head is late."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with the head of the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what arrives; the time runs on until a head is complete."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._has_request():
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.config.head.limit_s, self._close)

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close(self) -> None:
        if not self._has_request():
            self.transport.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
