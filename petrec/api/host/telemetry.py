"""Traces by OpenTelemetry: a span of each request, with its statements and the store's below it."""

import logging
from collections.abc import Collection

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petrec.api.http.access_log import method_and_route
from petrec.api.http.request_ids import request_id
from petrec.api.router import ClinicRouter
from petrec.version import __version__

try:
    from opentelemetry import propagate, trace
    from opentelemetry.context import Context
except ImportError as error:
    raise ImportError("traces need OpenTelemetry: pip install 'petrec[otel]'") from error

from petrec.api.host.traced import TracedStore, trace_statements

# Probes come every few seconds; their traces would be of no use.
_PROBES = ("health", "live", "ready")
_LOGGERS = ("petrec.access", "petrec.api")


def instrument(
    app: FastAPI,
    router: ClinicRouter,
    provider: trace.TracerProvider | None = None,
    *,
    without: Collection[str] = (),
) -> None:
    """Trace the application's requests, the statements on the router's engine, and its store.

    Call it once, before the first request. `provider` is the global one unless given; requests
    for the probes, and for the paths in `without`, have no span. A request that has a span, by
    another instrumentation, keeps that.
    """
    tracer = trace.get_tracer("petrec", __version__, provider)
    service = router.service
    trace_statements(service.database.engine, tracer)
    service.store = TracedStore(service.store.store, tracer)
    probes = {f"{router.prefix}/{name}" for name in _PROBES}
    app.add_middleware(TracedRequests, tracer=tracer, without=probes.union(without))
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_TRACE_IDS)


class TracedRequests:
    """ASGI middleware: a span of a request has its route, its outcome and its id, nothing else.

    Path, query, headers and address are left out, since they may name a person.
    """

    def __init__(self, app: ASGIApp, tracer: trace.Tracer, without: Collection[str]) -> None:
        self.app = app
        self.tracer = tracer
        self.without = frozenset(without)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on in a span, whose parent is the one that traceparent names."""
        if scope["type"] != "http" or scope["path"].rstrip("/") in self.without or _is_traced():
            await self.app(scope, receive, send)
            return
        status, known = 500, request_id()

        async def watched(message: Message) -> None:
            nonlocal status, known
            if message["type"] == "http.response.start":
                status, known = message["status"], known or request_id()
            await send(message)

        with self.tracer.start_as_current_span(
            "HTTP", _parent(scope), trace.SpanKind.SERVER,
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            try:
                await self.app(scope, receive, watched)
            finally:
                _describe(span, scope, status, known)


def _is_traced() -> bool:
    return trace.get_current_span().get_span_context().is_valid


def _parent(scope: Scope) -> Context:
    """Return the context of the caller, as OTEL_PROPAGATORS says: by traceparent, for one."""
    wanted = propagate.get_global_textmap().fields
    headers = ((name.decode("latin-1"), value) for name, value in scope["headers"])
    carried = {name: value.decode("latin-1") for name, value in headers if name in wanted}
    return propagate.extract(carried)


def _describe(span: trace.Span, scope: Scope, status: int, known: str | None) -> None:
    # https://opentelemetry.io/docs/specs/semconv/http/http-spans/
    method, route = method_and_route(scope, "_OTHER")
    named = "HTTP" if method == "_OTHER" else method
    span.set_attribute("http.request.method", method)
    span.set_attribute("http.response.status_code", status)
    if route != "_OTHER":
        named = f"{named} {route}"
        span.set_attribute("http.route", route)
    span.update_name(named)
    if known is not None:
        span.set_attribute("petrec.request_id", known)
    if (code := scope.get("petrec_error_code")) is not None:
        span.set_attribute("petrec.error_code", code)
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(trace.StatusCode.ERROR)


class TraceIds(logging.Filter):
    """Adds the fields `trace_id` and `span_id` to records of a request that has a span."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
        return True


_TRACE_IDS = TraceIds()
