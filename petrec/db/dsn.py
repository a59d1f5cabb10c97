"""Which database to talk to: `--dsn`/`--service`, environment, then libpq's own defaults."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from petrec.errors import UsageError

ENVIRONMENT = ("PETREC_DATABASE_URL", "DATABASE_URL")
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+[a-z0-9_]+://", re.IGNORECASE)


@dataclass(frozen=True)
class Dsn:
    """libpq's connection parameters and where they came from; never shows the password."""

    source: str
    parameters: Mapping[str, str] = field(repr=False)

    def redact(self, text: str) -> str:
        """Return the text without the password, in any form it may have been written."""
        secrets = {self.parameters.get("password", ""), os.environ.get("PGPASSWORD", "")} - {""}
        for secret in sorted(secrets | {quote(s, safe="") for s in secrets}, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def resolve_dsn(
    dsn: str | None, service: str | None, environ: Mapping[str, str] = os.environ
) -> Dsn:
    """Choose the connection; errors: UsageError where it is contradictory or malformed."""
    if dsn and service:
        raise UsageError("--dsn and --service exclude each other", hint="give one of them")
    if dsn:
        return _parse("--dsn", dsn)
    if service:
        return Dsn("--service", {"service": service})
    for name in ENVIRONMENT:
        if environ.get(name):
            return _parse(name, environ[name])
    return Dsn("libpq's PG* variables and defaults", {})


def _parse(source: str, text: str) -> Dsn:
    """Parse without ever repeating the text: libpq would print it, with its password."""
    try:
        parameters = conninfo_to_dict(_DRIVER.sub(r"\1://", text.strip()))
    except ProgrammingError:
        raise UsageError(
            f"{source} is not a valid connection string",
            hint="write postgresql://user@host:5432/dbname, or key=value pairs",
        ) from None
    return Dsn(source, {name: str(value) for name, value in parameters.items()})
