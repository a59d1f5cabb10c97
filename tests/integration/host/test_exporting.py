"""Traces of `petrec serve`: sent at the end, held up by nothing, and nothing without them."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from petrec.api.host.exporting import flush
from petrec.api.host.standalone import make_app
from petrec.errors import SettingsError, UsageError
from petrec.postgres.dsn import Dsn
from tests.integration.host.test_bearer import KEYS, SETTINGS
from tests.integration.host.test_serve import API, Served, bearer, serve
from tests.plugins import guide
from tests.plugins.databases import MakeDatabase

NOWHERE = "http://127.0.0.1:9"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
AN_HOUR_MS = "3600000"
TRACED = msgspec.structs.replace(
    SETTINGS, serve=msgspec.structs.replace(SETTINGS.serve, telemetry=True)
)
# A new process, since tests have imported everything.
MADE = """
import sys
from petrec.api.host.standalone import make_app
from petrec.postgres.dsn import Dsn
from petrec.settings import ServeSettings, Settings, StoreSettings, TokenSettings
serve = ServeSettings(TokenSettings(("HS256",), "petrec"), StoreSettings(bucket="clinic"))
keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PETREC_JWT_KEY"), "x" * 40)
make_app(Dsn("test", {}), Settings(serve=serve), keys)
ours = "petrec.api.host.telemetry", "petrec.api.host.exporting", "petrec.api.host.traced"
extra = "opentelemetry.sdk", "opentelemetry.exporter"
print([name for name in sys.modules if name.startswith((*ours, *extra))])
"""
EXTRA = ["opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"]


@contextmanager
def collector() -> Iterator[tuple[str, ExportTraceServiceRequest]]:
    """Run a collector; what it got is merged into one request."""
    got = ExportTraceServiceRequest()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.MergeFromString(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()


def test_the_last_spans_are_sent_at_the_end(
    database: MakeDatabase, serve: Callable[..., Served]
) -> None:
    with collector() as (endpoint, got):
        otel = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=s3cr3t",
            "OTEL_BSP_SCHEDULE_DELAY": AN_HOUR_MS,
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        }
        served = serve(guide.fill(database("text_ids")).dsn, NOWHERE, otel=otel)
        headers = bearer() | {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        answer = served.http.get(f"{API}/recordings/", headers=headers)
        assert answer.status_code == 200
        assert not got.resource_spans
        assert served.stop() == 0
    (sent,) = got.resource_spans
    resource = {each.key: each.value.string_value for each in sent.resource.attributes}
    assert resource["service.name"] == "petrec"
    assert resource["deployment.environment.name"] == "test"
    spans = [span for scope in sent.scope_spans for span in scope.spans]
    (root,) = (span for span in spans if span.name.startswith("GET"))
    assert (root.trace_id.hex(), root.name) == (TRACE, f"GET {API}/recordings/")
    below = {span.name for span in spans if span.parent_span_id == root.span_id}
    # Who asks is looked up, then what they may see; the first request reads the catalog, too.
    assert {"SELECT public.users", "SELECT public.recordings"} <= below
    assert "s3cr3t" not in served.log.read_text()


def test_an_exporter_that_hangs_delays_no_request_and_no_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    is_asked, may_go_on = Event(), Event()

    class Hanging(SpanExporter):
        def export(self, _: Sequence[ReadableSpan]) -> SpanExportResult:
            is_asked.set()
            may_go_on.wait()
            return SpanExportResult.SUCCESS

    provider = TracerProvider(shutdown_on_exit=False)
    processor = BatchSpanProcessor(Hanging(), max_queue_size=8, max_export_batch_size=1)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("test")
    for _ in range(20):
        tracer.start_span("request").end()
    assert is_asked.wait(60)
    flush(provider, within_s=0.05)
    assert "could not be sent" in caplog.text
    may_go_on.set()


def test_without_traces_nothing_is_imported() -> None:
    ended = subprocess.run([sys.executable, "-c", MADE], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize(
    "absent", ["opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"]
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(UsageError) as refused:
        make_app(Dsn("test", {}), TRACED, KEYS)
    assert refused.value.hint == "pip install 'petrec[otel]'"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_TRACES_EXPORTER", "none,zipkinn", "there is no exporter 'zipkinn'"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke", "there is no exporter 'smoke'"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "an OTEL_ variable does not fit"),
    ],
)
def test_what_does_not_fit_is_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        make_app(Dsn("test", {}), TRACED, KEYS)
    assert said in refused.value.reason


__all__ = ["serve"]
