"""The webhook hears a summary, is asked again for a while, and its URL stays secret."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from petrec.errors import OutputError
from petrec.features.report.notify import RETRIES, post, summary
from petrec.features.report.result import ReportResult
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

SECRET = "/services/T0/B0/hunter2"


@dataclass
class Webhook:
    """A real server on this machine that answers as it is told."""

    answers: list[int] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A webhook that accepts everything, unless told otherwise."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            assert self.path == SECRET
            hook.heard.append(json.loads(body))
            self.send_response(hook.answers.pop(0) if hook.answers else 200)
            self.send_header("Retry-After", "86400")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}{SECRET}"
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


def test_summary_is_posted(petrec: Petrec, clinic: Database, webhook: Webhook) -> None:
    ended = petrec("report", dsn=clinic.dsn, PETREC_NOTIFY_URL=webhook.url)
    assert ended.code == 1
    assert ended.err == ""
    (told,) = webhook.heard
    assert told.keys() == {"text"}
    assert "708 of 2,000 recordings" in told["text"]
    assert "395 `missing_inferable`" in told["text"]


def test_url_from_the_configuration(
    petrec: Petrec, clinic: Database, webhook: Webhook, tmp_path: Path
) -> None:
    (tmp_path / "petrec.toml").write_text(f'[report]\nnotify_url = "{webhook.url}"\n')
    assert petrec("report", dsn=clinic.dsn).code == 1
    assert len(webhook.heard) == 1


def test_it_is_asked_again(webhook: Webhook) -> None:
    webhook.answers = [503, 429]
    post(webhook.url, "hello", backoff_s=0)
    assert webhook.heard == [{"text": "hello"}] * 3


def test_a_webhook_that_fails_is_tried_a_few_times_alone(webhook: Webhook) -> None:
    webhook.answers = [500] * 100
    with pytest.raises(OutputError, match="HTTP 500"):
        post(webhook.url, "hello", backoff_s=0)
    assert len(webhook.heard) == 1 + RETRIES


def test_what_is_refused_for_good_is_not_repeated(webhook: Webhook) -> None:
    webhook.answers = [404]
    with pytest.raises(OutputError, match="HTTP 404"):
        post(webhook.url, "hello", backoff_s=0)
    assert len(webhook.heard) == 1


def test_failure_is_told_and_loses_nothing(
    petrec: Petrec, clinic: Database, webhook: Webhook, out: Path
) -> None:
    webhook.answers = [404]
    ended = petrec(
        "report", "--html", "out/r.html", "--prometheus", "out/p.prom", "-vv", dsn=clinic.dsn,
        PETREC_NOTIFY_URL=webhook.url,
    )  # fmt: skip
    assert ended.code == 3
    assert "could not notify the webhook at 127.0.0.1: HTTP 404" in ended.err
    assert "hunter2" not in ended.err + ended.out
    assert (out / "r.html").exists()
    assert b"} 1\n" in (out / "p.prom").read_bytes().split(b"petrec_last_run")[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1" + SECRET, "http://u:hunter2@127.0.0.1:1/x"])
def test_an_unreachable_webhook_is_named_without_its_secret(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(OutputError, match="no connection") as caught:
        post(url, "hello", backoff_s=0)
    assert "hunter2" not in caught.value.reason + caught.value.hint + caplog.text
    assert caught.value.__suppress_context__


def test_a_report_that_fails_is_told_too(
    petrec: Petrec, clinic: Database, webhook: Webhook
) -> None:
    clinic.execute("ALTER TABLE recordings RENAME TO gone")
    ended = petrec("report", dsn=clinic.dsn, PETREC_NOTIFY_URL=webhook.url)
    assert ended.code == 2
    (told,) = webhook.heard
    assert "no report" in told["text"]


def test_slack_sees_no_markup_of_names(sample: ReportResult) -> None:
    audit = msgspec.structs.replace(sample.audit, database="<!channel> & co")
    text = summary(msgspec.structs.replace(sample, audit=audit))
    assert "&lt;!channel&gt; &amp; co" in text
    names = [each.recording_id for each in sample.examples] + [e.file for e in sample.examples]
    assert not any(name in text for name in names)
