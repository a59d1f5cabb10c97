"""Deliver the outbox beside the requests of `petrec serve`."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import psycopg
from fastapi import FastAPI
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from petrec.api.http.driver_errors import traceable
from petrec.errors import PetrecError
from petrec.features.outbox.courier import delivering
from petrec.features.outbox.enqueue import FITTING
from petrec.features.outbox.store import has_outbox
from petrec.features.outbox.table import BRANCH
from petrec.features.outbox.webhook import Webhook
from petrec.features.runs.journal.install import install_journal

logger = logging.getLogger("petrec.outbox")
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def with_couriers(lifespan: Lifespan, engine: Engine, webhooks: Sequence[Webhook]) -> Lifespan:
    """Return a lifespan that also delivers, by connections of the couriers' own."""
    if not webhooks:
        return lifespan

    @asynccontextmanager
    async def both(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(_install, engine)
        couriers = delivering(engine, webhooks, partial(_prepare, engine))
        async with lifespan(app):
            couriers.__enter__()
            try:
                yield
            finally:
                await run_in_threadpool(couriers.__exit__, None, None, None)

    return both


def _install(engine: Engine) -> None:
    """Create or upgrade the outbox; if that fails, the couriers try again, and `/ready` says so."""
    try:
        install_journal(engine, BRANCH)
    except (DBAPIError, psycopg.Error, PetrecError) as error:
        known = error if isinstance(error, PetrecError) else traceable(error)
        logger.error("Cannot create or upgrade the outbox: %s", known)  # noqa: TRY400 it is known


def _prepare(engine: Engine) -> None:
    """Create or upgrade the outbox unless it is there; errors: see `install_journal`.

    An outbox of an older version that this role may not upgrade is used as it is.
    """
    with engine.connect() as connection:
        fits = connection.exec_driver_sql(FITTING).first() is not None
        exists = has_outbox(connection)
    if fits:
        return
    try:
        install_journal(engine, BRANCH)
    except DBAPIError as error:
        if not (exists and isinstance(error.orig, InsufficientPrivilege)):
            raise
