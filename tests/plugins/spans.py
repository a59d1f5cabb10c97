"""An application whose spans are kept in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from tests.plugins.api import Api


class TracedApi:
    """The application, with what hosts add to it, and its spans."""

    def __init__(
        self, api: "Api", provider: "TracerProvider", exporter: "InMemorySpanExporter"
    ) -> None:
        self.api, self.client, self.provider = api, api.client, provider
        self._exporter = exporter

    def ask(self, method: str, path: str, **options: Any) -> tuple[Any, list[Any]]:
        """Return the answer and the spans that it made, in the order of their ends."""
        self._exporter.clear()
        answer = self.client.request(method, path, **options)
        return answer, list(self._exporter.get_finished_spans())


@pytest.fixture
def traced(api: "Api") -> Iterator[TracedApi]:
    """What the fixture `api` is, traced."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from petrec.api import RequestIds, instrument
    from petrec.api.http.access_log import AccessLog

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    api.app.add_middleware(AccessLog)
    instrument(api.app, api.router, provider)
    api.app.add_middleware(RequestIds)
    yield TracedApi(api, provider, exporter)
    provider.shutdown()


def tree(spans: list[Any]) -> dict[str, list[str]]:
    """Return the names of the spans below each, in the order of their starts."""
    names = {span.context.span_id: span.name for span in spans}
    below: dict[str, list[str]] = {}
    for span in sorted(spans, key=lambda span: int(span.start_time)):
        if span.parent is not None and span.parent.span_id in names:
            below.setdefault(names[span.parent.span_id], []).append(span.name)
    return below
