"""One attempt to deliver an event, within a bounded time; redirects are not followed."""

import http.client
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from petrec.features.outbox.webhook import Webhook

# For each step of the connection, and for all of it: a receiver may drip its answer.
_STEP_S, _WHOLE_S = 5.0, 15.0
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
    connection, is_cut = _connection(webhook), threading.Event()
    ending = threading.Timer(_WHOLE_S, _shut, [connection, is_cut])
    ending.daemon = True
    ending.start()
    try:
        url = webhook.url
        path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        headers = webhook.headers(event_id, body, datetime.now(UTC))
        connection.request("POST", path, body.encode(), headers)
        answer = _attempt(connection.getresponse())
        # What was cut off within its headers reads like a whole answer.
        return Attempt(_LATE) if is_cut.is_set() else answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Attempt(_named(error))
    finally:
        ending.cancel()
        connection.close()


def _connection(webhook: Webhook) -> http.client.HTTPConnection:
    host, port = str(webhook.url.hostname), webhook.url.port
    if webhook.url.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_STEP_S)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=_STEP_S, context=context)


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
