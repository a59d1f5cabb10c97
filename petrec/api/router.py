"""The router: every endpoint by its path, on the parts that the host provides."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Engine

from petrec.api.access import AccessPolicy, ClinicPolicy
from petrec.api.appointments.routes import add_appointments
from petrec.api.host.health import add_health
from petrec.api.http.envelope import envelope_route
from petrec.api.http.rate_limit import ANSWER, RateLimit, check_strangers, limited_actor
from petrec.api.http.rejections import Rejections
from petrec.api.options import Options, Uploaded
from petrec.api.ports import ObjectStore
from petrec.api.recordings.routes import add_recordings
from petrec.api.service import Service
from petrec.api.uploads.routes import add_uploads
from petrec.api.visits.routes import add_visits
from petrec.settings import Mapping


class ClinicRouter(APIRouter):
    """The endpoints, with what the document needs of the service behind them."""

    service: Service
    rejections: Rejections


def build_router(  # noqa: PLR0913 each is a part of the host
    engine: Engine,
    *,
    store: ObjectStore,
    current_actor: Callable[..., Any],
    policy: AccessPolicy | None = None,
    mapping: Mapping | None = None,
    options: Options | None = None,
    on_uploaded: Callable[[Uploaded], None] | None = None,
    rate_limit: RateLimit | None = None,
) -> ClinicRouter:
    """Return the router to include in a FastAPI application.

    `engine` is a SQLAlchemy engine on psycopg 3; its tables are read with the first request.
    `current_actor` is a FastAPI dependency that returns the Actor who calls, or raises.
    `on_uploaded` is called after a completed upload is committed; what it raises is logged.
    `rate_limit` decides how long a caller waits; probes are not limited.
    errors: SettingsError for an engine that does not fit: another driver, an isolation level that
    is not the connections' own.
    """
    options = options or Options()
    service = Service(
        engine, store, policy or ClinicPolicy(), options, mapping or Mapping(), on_uploaded
    )
    rejections = Rejections(service)
    route_class = envelope_route(rejections.note, options.request_s)
    router = ClinicRouter(prefix=options.prefix, route_class=route_class)
    router.service, router.rejections = service, rejections
    if rate_limit is not None:
        router.dependencies.append(check_strangers(rate_limit))
        router.responses.update(ANSWER)
        current_actor = limited_actor(current_actor, rate_limit)
    # A request tries the routes in order: the most frequent ones come first.
    add_uploads(router, service, current_actor)
    add_recordings(router, service, current_actor)
    add_appointments(router, service, current_actor)
    add_visits(router, service, current_actor)
    if options.corrections:
        from petrec.api.corrections.routes import add_corrections  # noqa: PLC0415 may be left out

        add_corrections(router, service, current_actor)
    if options.deletions:
        from petrec.api.corrections.routes import add_deletions  # noqa: PLC0415 as above

        add_deletions(router, service, current_actor)
    router.dependencies.clear()
    router.responses.clear()
    add_health(router, service)
    return router
