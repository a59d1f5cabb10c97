"""A summary for a webhook that accepts Slack messages; its URL is a secret and never shown."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import urllib3

from petrec.errors import OutputError, UsageError
from petrec.features.report.result import Movement, ReportResult
from petrec.phrases import Phrase, Phrased

CONNECT_S, READ_S = 5.0, 10.0
RETRIES = 4
BACKOFF_S = 0.5
_AGAIN = frozenset({429, 500, 502, 503, 504})
_MARKS = {"better": "📉", "worse": "📈", "clean": "✅", "steady": "▪️", "unknown": "•"}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MOST_KINDS = 5


def summary(result: ReportResult, *, plain: bool = False) -> str:
    """Return the text of a report, by default in Slack's format: only counts, no names or ids."""
    audit, name, quote = result.audit, "petrec" if plain else "*petrec*", "" if plain else "`"
    mark, counted = _MARKS[result.verdict.direction], f"{audit.findings:,} of {audit.total:,}"
    outcome = f"{counted} recordings in {audit.database} need attention"
    lines = [f"{mark} {name}: {outcome}. {result.verdict.sentence}"]
    if result.moved is not None:
        all_ = sum(result.moved.values(), Movement())
        moves = f"{all_.new:,} new, {all_.fixed:,} fixed, {all_.reappeared:,} reappeared"
        lines.append(f"Since the last report: {moves}.")
    kinds = sorted(audit.finding_kinds, key=lambda kind: -kind.count)
    lines += [
        f"• {k.count:,} {quote}{k.id}{quote}: {k.sentence}" for k in kinds[:_MOST_KINDS] if k.count
    ]
    text = "\n".join(lines)
    return text if plain else text.translate(_ESCAPES)


def failure_summary(reason: str) -> str:
    """Return the text for a failed report."""
    return f"⚠️ *petrec*: no report: {reason}".translate(_ESCAPES)


def checked(url: str) -> str:
    """Return the URL, which may be empty, if it is valid; errors: UsageError."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise UsageError("the webhook is not an http or https URL", hint="check PETREC_NOTIFY_URL")
    return url


def post(url: str, text: str, *, backoff_s: float = BACKOFF_S) -> None:
    """Post the text, trying again for a while; errors: OutputError."""
    again = urllib3.Retry(
        total=RETRIES,
        backoff_factor=backoff_s,
        status_forcelist=_AGAIN,
        allowed_methods=frozenset({"POST"}),
        redirect=False,
        raise_on_status=False,
        # A Retry-After header must not make a cron job wait for hours.
        respect_retry_after_header=False,
    )
    body = json.dumps({"text": text}).encode()
    headers = {"Content-Type": "application/json"}
    timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
    with _silenced(), urllib3.PoolManager() as pool:
        try:
            answer = pool.request(
                "POST", url, body=body, headers=headers, retries=again, timeout=timeout
            )
        except urllib3.exceptions.HTTPError as error:
            raise _undelivered(url, _cause(error)) from None
    if not 200 <= answer.status < 300:
        raise _undelivered(url, f"HTTP {answer.status}")


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    """Return the kind of failure; the driver's message would show the URL."""
    inner = getattr(error, "reason", None) or error
    match inner:
        case urllib3.exceptions.NewConnectionError():
            return "no connection"
        case urllib3.exceptions.TimeoutError():
            return "no response in time"
    return type(inner).__name__


def _undelivered(url: str, why: str) -> OutputError:
    host = urlsplit(url).hostname
    hint = Phrased(Phrase.WEBHOOK_LEFT_OUT)
    return OutputError(f"could not notify the webhook at {host}: {why}", hint=hint)


@contextmanager
def _silenced() -> Iterator[None]:
    """urllib3 logs the URL's path with each retry."""
    logger = logging.getLogger("urllib3")
    before, logger.disabled = logger.disabled, True
    children = [
        logging.getLogger(name) for name in ("urllib3.connectionpool", "urllib3.util.retry")
    ]
    states = [child.disabled for child in children]
    for child in children:
        child.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
        for child, state in zip(children, states, strict=True):
            child.disabled = state
