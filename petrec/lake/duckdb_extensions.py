"""Extensions of DuckDB, which come as wheels: petrec downloads nothing when a command runs."""

import importlib.resources
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlglot import exp

from petrec.errors import UsageError
from petrec.extras import need_extra
from petrec.lake.duckdb_queries import translated


class Extension(StrEnum):
    """The extensions, each by its name; its wheel is named after it."""

    POSTGRES = "postgres_scanner"
    HTTPFS = "httpfs"

    @property
    def module(self) -> str:
        """Return the module of the wheel."""
        return f"duckdb_extension_{self}"


_EXTRAS = {Extension.POSTGRES: "lake-live", Extension.HTTPFS: "lake-s3"}
# The variables of AWS's own programs, by DuckDB's settings; the first that is there counts.
_OF_S3 = {
    "s3_access_key_id": ("AWS_ACCESS_KEY_ID",),
    "s3_secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
    "s3_session_token": ("AWS_SESSION_TOKEN",),
    "s3_region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def load_extension(connection: Any, extension: Extension) -> None:
    """Load an extension from its wheel; errors: UsageError, EngineFailedError."""
    need_extra(f"DuckDB's extension {extension}", _EXTRAS[extension], extension.module)
    folder = importlib.resources.files(extension.module) / "extensions"
    path = next(folder.iterdir()) / f"{extension}.duckdb_extension"
    with translated(f"its extension {extension}"):
        connection.load_extension(str(path))


def check_address(source: str) -> None:
    """Check that DuckDB can read addresses such as that; errors: UsageError."""
    scheme = source.partition("://")[0].lower()
    if scheme not in ("s3", "s3a"):
        hint = "DuckDB reads local files and s3:// addresses, Spark other ones"
        raise UsageError(f"DuckDB does not read {scheme}:// addresses", hint=hint)


def open_s3(connection: Any, environment: Mapping[str, str] = os.environ) -> None:
    """Let a connection read from S3 with the keys of the environment; errors: UsageError."""
    load_extension(connection, Extension.HTTPFS)
    values = {name: _first(environment, names) for name, names in _OF_S3.items()}
    settings: dict[str, str | bool] = {name: value for name, value in values.items() if value}
    if endpoint := _first(environment, _ENDPOINTS):
        settings["s3_endpoint"], settings["s3_use_ssl"] = _address(endpoint)
        settings["s3_url_style"] = "path"
    for name, value in settings.items():
        literal = exp.convert(value).sql("duckdb")
        connection.execute(f"SET GLOBAL {name} = {literal}")


def _address(endpoint: str) -> tuple[str, bool]:
    """Return host and port of an endpoint, and whether it has TLS; errors: UsageError."""
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or "@" in parts.netloc:
        reason = "the endpoint of S3 in the environment is not an http or https URL"
        raise UsageError(reason, hint="write it without a user, as http://127.0.0.1:8333")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        reason = "the endpoint of S3 in the environment has more than a host and a port"
        raise UsageError(reason, hint="DuckDB reads from a store whose endpoint has no path")
    return parts.netloc, parts.scheme == "https"


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
