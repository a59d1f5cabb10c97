"""The applications that `benchmarks.api` compares; both trust headers, and sign the same forms."""

import os
from typing import Any

from fastapi import FastAPI, Request
from sqlalchemy import create_engine

from benchmarks.bare_api import CONNECTIONS, make_bare_app
from petrec.api import Actor, BucketAddress, Credentials, S3Store, build_router

STORE = S3Store(
    BucketAddress("clinic-recordings", "eu-central-1"), lambda: Credentials("key", "secret")
)


async def actor(request: Request) -> Actor:
    """Trust headers: verifying a token is no part of what is compared."""
    return Actor(request.headers["x-user"], "vet", request.headers["x-practice"])


def router_app() -> FastAPI:
    """Mount the router."""
    url = os.environ["PETREC_BENCH_DSN"].replace("postgresql:", "postgresql+psycopg:")
    engine: Any = create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_use_lifo=True)
    app = FastAPI()
    app.include_router(build_router(engine, store=STORE, current_actor=actor))
    return app


def bare_app() -> FastAPI:
    """Return the endpoints that were written by hand."""
    return make_bare_app(os.environ["PETREC_BENCH_DSN"], STORE)
