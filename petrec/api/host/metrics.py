"""Counters for Prometheus; labels are route templates, so that no id becomes a time series."""

import os
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petrec.api.http.access_log import method_and_route
from petrec.api.router import ClinicRouter


@dataclass(frozen=True)
class _Counters:
    """What is counted: requests by how they ended, refusals by their error code."""

    requests: Counter
    refused: Counter

    def count(self, scope: Scope, status: int) -> None:
        method, route = method_and_route(scope, "other")
        self.requests.labels(route, method, str(status)).inc()
        code = scope.get("petrec_error_code")
        if code is not None:
            self.refused.labels(route, method, code).inc()


class _Counted:
    def __init__(self, app: ASGIApp, counters: _Counters) -> None:
        self.app = app
        self.counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            if scope["type"] == "http":
                self.counters.count(scope, status)


def add_metrics(app: FastAPI, router: ClinicRouter) -> None:
    """Count requests by route template, method and outcome, and answer GET /metrics."""
    registry = CollectorRegistry()
    counters = _Counters(
        _counter(registry, "petrec_requests", "Requests answered", "status"),
        _counter(registry, "petrec_refused", "Requests answered with an error", "error_code"),
    )

    lost = Counter("petrec_api_logs_dropped", "Rows of api_logs not written", registry=registry)
    router.rejections.logs.on_dropped = lost.inc

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(_whole(registry)), media_type=CONTENT_TYPE_LATEST)

    app.add_route("/metrics", metrics, include_in_schema=False)
    app.add_middleware(_Counted, counters=counters)


def _whole(registry: CollectorRegistry) -> CollectorRegistry:
    """Return the metrics to show: with several processes, the sum over all of them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return registry
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


def _counter(registry: CollectorRegistry, name: str, about: str, outcome: str) -> Counter:
    return Counter(name, about, ("route", "method", outcome), registry=registry)
