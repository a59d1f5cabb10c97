"""The application of `petrec serve`: the router with tokens and an S3 store."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine

from petrec.api.access import ClinicPolicy
from petrec.api.host.auth import (
    Actors,
    Claims,
    JwksFile,
    JwksUrl,
    OneKey,
    Rules,
    Verifier,
    bearer_actor,
)
from petrec.api.host.document import add_document
from petrec.api.host.json_log import log_as_json
from petrec.api.host.lifespan import ending
from petrec.api.host.origins import allow_origins
from petrec.api.host.outbox import Lifespan, with_couriers
from petrec.api.host.store import S3Store
from petrec.api.http.access_log import AccessLog
from petrec.api.http.gate import PROBES, Capacity, RequestGate
from petrec.api.http.openapi import PRESENTED
from petrec.api.http.request_ids import RequestIds
from petrec.api.options import Options
from petrec.api.router import ClinicRouter, build_router
from petrec.errors import SettingsError
from petrec.extras import need_extra
from petrec.features.outbox.webhook import open_webhooks
from petrec.postgres.connection import make_engine, make_pool
from petrec.postgres.dsn import Dsn
from petrec.settings import LimitSettings, Settings, StoreSettings, TokenSettings
from petrec.storage import open_bucket
from petrec.storage.sigv4 import LONGEST_S, SIGNED_FIELDS

_PROBES = (*PROBES, "/metrics")
# FastAPI's own spans hold path and query, and its log records the texts of errors.
_OWN_SPANS: Any = {"tracing": False, "metrics": False, "logs": False}


def make_app(dsn: Dsn, settings: Settings, environment: Mapping[str, str] = os.environ) -> FastAPI:
    """Return the application; errors: SettingsError. Nothing connects before the first request."""
    serve = settings.serve
    engine = make_pool(dsn, settings, "serve")
    claims = Claims(
        role=serve.token.role_claim,
        practice=serve.token.practice_claim,
        owner=serve.token.owner_claim,
    )
    limit_ms = int(serve.limits.statement_s * 1000)
    actors = Actors(engine, settings.mapping, claims, limit_ms)
    router = build_router(
        engine,
        store=_store(serve.store, environment),
        current_actor=bearer_actor(_verifier(serve.token, environment), actors),
        policy=ClinicPolicy(frozenset(serve.global_roles)),
        mapping=settings.mapping,
        options=Options(
            channel=serve.channel or None,
            webhooks=tuple(serve.webhooks),
            search_path=settings.session.search_path,
            anonymous_rows=serve.limits.anonymous_rows,
            corrections=serve.corrections,
            deletions=serve.deletions,
            require_if_match=serve.require_if_match,
            checksums=serve.checksums,
            request_s=serve.limits.request_s,
            statement_s=serve.limits.statement_s,
        ),
    )
    app = FastAPI(
        title="petrec", **PRESENTED, redirect_slashes=False, openapi_url=None, telemetry=_OWN_SPANS,
        lifespan=_lifespan(engine, router, dsn, settings, environment),
    )  # fmt: skip
    app.include_router(router)
    app.state.api_logs = router.rejections.logs
    add_document(app, router, page="/docs" if serve.docs else None)
    app.add_middleware(RequestGate, _capacity(serve.limits), always=_PROBES)
    if serve.metrics:
        _add_metrics(app, router)
    if serve.log == "json":
        log_as_json()
    allow_origins(app, serve.origins)
    app.add_middleware(AccessLog)
    if serve.telemetry:
        _add_telemetry(app, router)
    # The last one added is the outermost: what the others log has the request's id.
    app.add_middleware(RequestIds)
    return app


def _capacity(limits: LimitSettings) -> Capacity:
    """Return how much runs at once; errors: SettingsError."""
    for name in limits.__struct_fields__:
        if not getattr(limits, name) > 0 and name not in {"anonymous_rows", "waiting"}:
            raise SettingsError(f"{name} under [serve.limits] must be above 0")
    return Capacity(limits.running, limits.waiting, body_s=limits.body_s)


def _lifespan(
    engine: Engine,
    router: ClinicRouter,
    dsn: Dsn,
    settings: Settings,
    environment: Mapping[str, str],
) -> Lifespan:
    """Return what delivers the outbox, and ends the connections; errors: SettingsError."""
    webhooks = open_webhooks(settings, environment)
    ended = ending(engine, router.rejections.logs.settle)
    return with_couriers(ended, make_engine(dsn, settings, "outbox"), webhooks)


def _verifier(token: TokenSettings, environment: Mapping[str, str]) -> Verifier:
    rules = Rules(token.algorithms, token.audience, token.issuer, token.leeway_s)
    if token.jwks_file and token.jwks_url:
        raise SettingsError("jwks_file and jwks_url are both set", hint="remove one of them")
    if token.jwks_url:
        return Verifier(rules, JwksUrl(token.jwks_url))
    if token.jwks_file:
        return Verifier(rules, JwksFile(Path(token.jwks_file)))
    key = environment.get("PETREC_JWT_KEY", "")
    if not key:
        raise SettingsError(
            "no key is configured to verify tokens",
            hint="set PETREC_JWT_KEY, or jwks_url or jwks_file under [serve.token] in petrec.toml",
        )
    return Verifier(rules, OneKey(key, token.algorithms))


def _store(store: StoreSettings, environment: Mapping[str, str]) -> S3Store:
    bucket = open_bucket(store, environment)
    times = (store.expires_s, store.listen_s)
    if not (all(0 < each <= LONGEST_S for each in times) and store.max_bytes > 0):
        raise SettingsError(
            "expires_s and listen_s must be 1 to 604800 seconds, max_bytes must be positive"
        )
    for name in store.form_fields:
        if not name.startswith("x-amz-") or name in SIGNED_FIELDS:
            raise SettingsError(
                f"{name!r} cannot be one of form_fields: petrec sets it, or S3 does"
            )
    return S3Store(
        bucket.place, bucket.credentials, store.expires_s, store.max_bytes,
        listen_s=store.listen_s, form_fields=store.form_fields,
    )  # fmt: skip


def _add_metrics(app: FastAPI, router: ClinicRouter) -> None:
    need_extra("[serve] metrics", "metrics", "prometheus_client")
    from petrec.api.host.metrics import add_metrics  # noqa: PLC0415 an extra

    add_metrics(app, router)


def _add_telemetry(app: FastAPI, router: ClinicRouter) -> None:
    modules = "opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"
    need_extra("[serve] telemetry", "otel", *modules)
    from petrec.api.host.exporting import export_traces  # noqa: PLC0415 an extra

    export_traces(app, router, without=_PROBES)
