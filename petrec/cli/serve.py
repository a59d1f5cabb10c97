"""`petrec serve`."""

import socket
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.errors import ExitCode, UsageError
from petrec.extras import need_extra

if TYPE_CHECKING:
    from uvicorn import Config

    from petrec.operations.session import Session

_SERVER = "Server"

# A process that imports its modules on a busy machine answers late; it must not be taken for dead.
_HEALTHY_S = 30


@bundled
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.", rich_help_panel=_SERVER)] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port.", rich_help_panel=_SERVER)
    ] = 8000,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=256,
            help="Processes that serve; each has connections of its own.",
            rich_help_panel=_SERVER,
        ),
    ] = 1,
    *,
    connect: options.Connect,
) -> int:
    r"""Serve the API on its own: tokens, uploads to S3, health; SIGTERM lets requests end.

    Settings are under \[serve] in petrec.toml; secrets come from the environment alone:
    PETREC_JWT_KEY (or a JWKS file), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.

    Examples:
        petrec serve

        petrec serve --host 0.0.0.0 --port 8080 --config /etc/petrec.toml

    """
    from petrec.cli.session import open_session

    need_extra("petrec serve", "serve", "fastapi", "jwt", "uvicorn")
    connect = replace(connect, verbose=max(connect.verbose, 1))
    session = open_session("serve", connect)
    config = _config(session, workers, connect.verbose)
    # uvicorn repeats the signal that ended it; a server that has drained ended well.
    with _listen(host, port) as listening, suppress(KeyboardInterrupt):
        _run(config, listening, session.settings.serve.metrics)
    return ExitCode.CLEAN


def _config(session: "Session", workers: int, verbose: int) -> "Config":
    import uvicorn

    from petrec.api.host.standalone import make_app
    from petrec.cli.workers import Worker

    # Made here in any case: what is wrong with the settings is said once, before anything starts.
    app: Any = make_app(session.dsn, session.settings)
    if workers > 1:
        app = Worker(session.dsn, session.settings, verbose)
    return uvicorn.Config(
        app,
        factory=workers > 1,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=session.settings.serve.drain_s,
        timeout_worker_healthcheck=_HEALTHY_S,
    )


def _run(config: "Config", listening: socket.socket, counting: bool) -> None:
    import uvicorn

    from petrec.cli.workers import run_workers

    if config.workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
    else:
        run_workers(config, listening, counting)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            hint="choose another with --host and --port",
        ) from error
    # Head and body of an answer are two writes; without this, and unlike for sockets that it opens
    # itself, asyncio lets the second wait for the client's delayed acknowledgement (40 ms).
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
