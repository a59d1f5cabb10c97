"""The application of `petrec serve`: the router with tokens and an S3 store."""

import os
from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI

from petrec.api.access import ClinicPolicy
from petrec.api.host.auth import Actors, Claims, JwksFile, OneKey, Rules, Verifier, bearer_actor
from petrec.api.host.lifespan import ending
from petrec.api.host.store import S3Store
from petrec.api.http.access_log import AccessLog
from petrec.api.options import Options
from petrec.api.router import build_router
from petrec.errors import SettingsError
from petrec.extras import need_extra
from petrec.postgres.connection import make_pool
from petrec.postgres.dsn import Dsn
from petrec.settings import Settings, StoreSettings, TokenSettings
from petrec.storage import open_bucket
from petrec.storage.sigv4 import LONGEST_S


def make_app(dsn: Dsn, settings: Settings, environment: Mapping[str, str] = os.environ) -> FastAPI:
    """Return the application; errors: SettingsError. Nothing connects before the first request."""
    serve = settings.serve
    engine = make_pool(dsn, settings, "serve")
    app = FastAPI(title="petrec", redirect_slashes=False, lifespan=ending(engine))
    claims = Claims(
        role=serve.token.role_claim,
        practice=serve.token.practice_claim,
        owner=serve.token.owner_claim,
    )
    actors = Actors(engine, settings.mapping, claims)
    router = build_router(
        engine,
        store=_store(serve.store, environment),
        current_actor=bearer_actor(_verifier(serve.token, environment), actors),
        policy=ClinicPolicy(frozenset(serve.global_roles)),
        mapping=settings.mapping,
        options=Options(search_path=settings.session.search_path),
    )
    app.include_router(router)
    if serve.metrics:
        _add_metrics(app)
    app.add_middleware(AccessLog)
    return app


def _verifier(token: TokenSettings, environment: Mapping[str, str]) -> Verifier:
    rules = Rules(token.algorithms, token.audience, token.issuer, token.leeway_s)
    if token.jwks_file:
        return Verifier(rules, JwksFile(Path(token.jwks_file)))
    key = environment.get("PETREC_JWT_KEY", "")
    if not key:
        raise SettingsError(
            "no key is configured to verify tokens",
            hint="set PETREC_JWT_KEY, or jwks_file under [serve.token] in petrec.toml",
        )
    return Verifier(rules, OneKey(key, token.algorithms))


def _store(store: StoreSettings, environment: Mapping[str, str]) -> S3Store:
    bucket = open_bucket(store, environment)
    if not (0 < store.expires_s <= LONGEST_S and store.max_bytes > 0):
        raise SettingsError("expires_s must be 1 to 604800 seconds, max_bytes must be positive")
    return S3Store(bucket.place, bucket.credentials, store.expires_s, store.max_bytes)


def _add_metrics(app: FastAPI) -> None:
    need_extra("[serve] metrics", "metrics", "prometheus_client")
    from petrec.api.host.metrics import add_metrics  # noqa: PLC0415 an extra

    add_metrics(app)
