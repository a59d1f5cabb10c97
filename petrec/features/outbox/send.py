"""One attempt to deliver an event, within a bounded time; redirects are not followed."""

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from petrec.features.outbox.webhook import Webhook

# To connect, and for all of it: a receiver may drip its answer.
_CONNECT_S, _WHOLE_S = 5.0, 15.0
_MOST_WAIT_S = 86_400
_LATE = "no answer in time"


@dataclass(frozen=True)
class Attempt:
    """How an attempt ended: `failure` is empty if the webhook has taken the event.

    `is_final` is whether the webhook wants no more; `wait_s` is the pause that it asks for.
    """

    failure: str = ""
    is_final: bool = False
    wait_s: int = 0


def send(webhook: Webhook, event_id: str, body: str) -> Attempt:
    """Send an event once, and return how that ended; it raises nothing."""
    is_cut, url = threading.Event(), webhook.url
    path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
    try:
        with _connected(webhook, is_cut) as connection:
            headers = webhook.headers(event_id, body, datetime.now(UTC))
            connection.request("POST", path, body.encode(), headers)
            answer = _attempt(connection.getresponse())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Attempt(_LATE if is_cut.is_set() else _named(error))
    # An answer that was cut off within its headers looks complete.
    return Attempt(_LATE) if is_cut.is_set() else answer


@contextmanager
def _connected(webhook: Webhook, is_cut: threading.Event) -> Iterator[http.client.HTTPConnection]:
    connection = _connection(webhook)
    ending = threading.Timer(_WHOLE_S, _shut, [connection, is_cut])
    ending.daemon = True
    ending.start()
    try:
        connection.connect()
        # The time may have ended before there was a socket to shut.
        if is_cut.is_set():
            raise TimeoutError
        connection.sock.settimeout(_WHOLE_S)
        yield connection
    finally:
        ending.cancel()
        connection.close()


def _connection(webhook: Webhook) -> http.client.HTTPConnection:
    host, is_plain = str(webhook.url.hostname), webhook.url.scheme == "http"
    # Without a port the last group of an IPv6 address would be it.
    port = webhook.url.port or (80 if is_plain else 443)
    if is_plain:
        return http.client.HTTPConnection(host, port, timeout=_CONNECT_S)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=_CONNECT_S, context=context)


def _shut(connection: http.client.HTTPConnection, is_cut: threading.Event) -> None:
    """End the exchange: what waits for it in the other thread fails at once."""
    is_cut.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(2)


def _attempt(response: http.client.HTTPResponse) -> Attempt:
    if 200 <= response.status < 300:
        return Attempt()
    after = response.getheader("retry-after", "")
    wait = min(int(after), _MOST_WAIT_S) if after.isdecimal() and len(after) < 9 else 0
    return Attempt(f"status {response.status}", response.status == 410, wait)


def _named(error: Exception) -> str:
    """Return what failed; a message may hold the URL, which may be a secret."""
    if isinstance(error, TimeoutError):
        return _LATE
    return type(error).__name__
