"""`petrec serve`."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.errors import ExitCode
from petrec.extras import need_extra

_SERVER = "Server"


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
            help="Number of worker processes; each has its own connections.",
            rich_help_panel=_SERVER,
        ),
    ] = 1,
    *,
    connect: options.Connect,
) -> int:
    r"""Run the HTTP API as a server, with tokens, uploads to S3 and health checks.

    Settings are under \[serve] in petrec.toml; secrets come only from the environment:
    PETREC_JWT_KEY (or a JWKS file), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY. On SIGTERM, running
    requests are finished first.

    Examples:
        petrec serve

        petrec serve --host 0.0.0.0 --port 8080 --config /etc/petrec.toml

    """
    from petrec.cli.session import configure_logging, open_session

    need_extra("petrec serve", "serve", "fastapi", "jwt", "uvicorn")
    from petrec.api.host.server import listen, make_config, run_server

    connect = replace(connect, verbose=max(connect.verbose, 1))
    session = open_session("serve", connect)
    prepare = partial(configure_logging, connect.verbose)
    config = make_config(session.dsn, session.settings, workers, prepare)
    # uvicorn raises the signal again; a server that has drained its requests ends with success.
    with listen(host, port) as listening, suppress(KeyboardInterrupt):
        run_server(config, listening, counting=session.settings.serve.metrics)
    return ExitCode.CLEAN
