"""`petrec serve`."""

import socket
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.errors import ExitCode, UsageError
from petrec.extras import need_extra

if TYPE_CHECKING:
    from petrec.cli.session import Session

_SERVER = "Server"


@bundled
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.", rich_help_panel=_SERVER)] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port.", rich_help_panel=_SERVER)
    ] = 8000,
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
    session = open_session("serve", replace(connect, verbose=max(connect.verbose, 1)))
    return _run(session, host, port)


def _run(session: "Session", host: str, port: int) -> int:
    import uvicorn

    from petrec.api.standalone import make_app

    app = make_app(session.dsn, session.settings)
    drain = session.settings.serve.drain_s
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=drain
    )
    server = uvicorn.Server(config)
    listening = _listen(host, port)
    # uvicorn repeats the signal that ended it; a server that has drained ended well.
    with listening, suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return ExitCode.CLEAN


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
