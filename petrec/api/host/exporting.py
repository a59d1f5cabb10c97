"""Where `petrec serve` sends its traces: the exporters that the OTEL_* variables name."""

import logging
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from threading import Thread

from fastapi import FastAPI
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from petrec.api.host.telemetry import instrument
from petrec.api.router import ClinicRouter
from petrec.errors import SettingsError
from petrec.version import __version__

logger = logging.getLogger("petrec.api")

# How long the end of the process waits for an exporter, in seconds.
_FLUSH_S = 5.0
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def export_traces(app: FastAPI, router: ClinicRouter, *, without: Collection[str]) -> None:
    """Trace the application, and send what is left at its end; errors: SettingsError."""
    provider = _make_provider()
    instrument(app, router, provider, without=without)
    lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def flushed(served: FastAPI) -> AsyncIterator[None]:
        try:
            async with lifespan(served):
                yield
        finally:
            flush(provider)

    app.router.lifespan_context = flushed


def flush(provider: TracerProvider, within_s: float = _FLUSH_S) -> None:
    """Send what is left, for so long at most: an exporter may hang."""
    # Python does not wait for a daemon's thread, nor for that of the SDK.
    sending = Thread(target=provider.shutdown, name="petrec traces", daemon=True)
    sending.start()
    sending.join(within_s)
    if sending.is_alive():
        logger.warning("The last traces could not be sent within %g s", within_s)


def _make_provider() -> TracerProvider:
    """Return a provider of this application's own; the SDK reads its other variables itself."""
    own = Resource.create({"service.name": "petrec", "service.version": __version__})
    named = [name.strip() for name in os.environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")]
    try:
        resource = own.merge(OTELResourceDetector().detect())
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        for name in named:
            if name not in {"none", ""}:
                provider.add_span_processor(BatchSpanProcessor(_exporter(name)))
    except ValueError as error:
        raise SettingsError(f"an OTEL_ variable does not fit: {error}") from error
    return provider


def _exporter(name: str) -> SpanExporter:
    """Return a new exporter by its name in OTEL_TRACES_EXPORTER; errors: SettingsError."""
    if name == "otlp":
        general = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or general
        name = _PROTOCOLS.get(protocol, protocol)
    for found in entry_points(group="opentelemetry_traces_exporter", name=name):
        exporter: SpanExporter = found.load()()
        return exporter
    raise SettingsError(
        f"there is no exporter {name!r}, which an OTEL_ variable names",
        hint="OTEL_TRACES_EXPORTER is otlp, console, none, or of a package that is installed",
    )
