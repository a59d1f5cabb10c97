"""The choice of the database: the caller's, the environment's, then libpq's defaults."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from petrec.errors import UsageError
from petrec.phrases import Phrase, Phrased

ENVIRONMENT = ("PETREC_DATABASE_URL", "DATABASE_URL")
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+[a-z0-9_]+://", re.IGNORECASE)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.:_-]*://", re.IGNORECASE)
_PORTS = re.compile(r"[0-9]{0,5}(,[0-9]{0,5})*")
_QUOTES = ('"', "'")
_SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret"})
_FORM = "write postgresql://user@host:5432/dbname, or key=value pairs"
_LEAVE_OUT = "remove it: PostgreSQL does not know it"
_ESCAPE = "in the user name and password, write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F"

# Parameters of other drivers' URLs, which libpq refuses: what to write instead.
_FOREIGN = {
    "schema": "name the schema in petrec.toml: [mapping] schema",
    "currentschema": "name the schema in petrec.toml: [mapping] schema",
    "search_path": "name the schema in petrec.toml: [mapping] schema",
    "ssl": "write sslmode=require, or sslmode=verify-full",
    "sslaccept": "write sslmode=require, or sslmode=verify-full",
    "sslidentity": "use sslcert and sslkey, which name files",
    "user_name": "write the user name before the @ of the URL",
    "timeout": "write connect_timeout, in seconds",
    "command_timeout": "set [timeouts] in petrec.toml",
} | dict.fromkeys(
    ("pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "pool_size",
     "max_idle_connection_lifetime", "statement_cache_size", "prepared_statement_cache_size",
     "preparethreshold", "async_fallback", "serverversion", "charset", "max_overflow",
     "prepared_statements", "pool", "encoding", "reconnect", "checkout_timeout",
     "uselibpqcompat", "tcpkeepalive"),
    _LEAVE_OUT,
)  # fmt: skip


@dataclass(frozen=True)
class Dsn:
    """libpq's connection parameters and their source; the parameters are never shown."""

    source: str
    parameters: Mapping[str, str] = field(repr=False)

    @property
    def has_secrets(self) -> bool:
        """Return whether a password or the like is among the parameters."""
        return not _SECRETS.isdisjoint(self.parameters)


def resolve_dsn(
    dsn: str | None,
    service: str | None,
    environ: Mapping[str, str] = os.environ,
    names: tuple[str, str] = ("dsn", "service"),
) -> Dsn:
    """Choose the connection; errors: UsageError if it is contradictory or malformed.

    `names` are the caller's names of the first two arguments.
    """
    if dsn and service:
        raise UsageError(Phrased(Phrase.DSN_AND_SERVICE), hint="give one of them")
    if dsn:
        return _parse(names[0], dsn)
    if service:
        return Dsn(names[1], {"service": service})
    for name in ENVIRONMENT:
        if environ.get(name):
            return _parse(name, environ[name])
    return Dsn("libpq's PG* variables and defaults", {})


def without_secrets(dsn: str) -> str:
    """Return a connection string without passwords, to be shown and pasted."""
    parsed = _parse("", dsn)
    if not parsed.has_secrets:
        return dsn
    shown = parsed.parameters.keys() - _SECRETS
    return make_conninfo(**{name: parsed.parameters[name] for name in shown})


def _parse(source: str, text: str) -> Dsn:
    """Parse without showing the text, which holds the password, perhaps in a wrong place."""
    text = text.strip()
    _refuse_other_forms(source, text)
    try:
        parameters = conninfo_to_dict(_DRIVER.sub(r"\1://", text))
    except (ProgrammingError, ValueError):
        raise _malformed(source, text) from None
    found = {name: str(value) for name, value in parameters.items()}
    if _is_misread(text, found):
        raise UsageError(f"{source} is not a valid connection string", hint=_ESCAPE)
    return Dsn(source, found)


def _refuse_other_forms(source: str, text: str) -> None:
    if text.startswith(_QUOTES):
        hint = "remove the quotation marks: Docker keeps them in an env file"
        raise UsageError(f"{source} begins with a quotation mark", hint=hint)
    if text.lower().startswith("jdbc:"):
        raise UsageError(f"{source} is a JDBC URL", hint=_FORM)
    scheme = _SCHEME.match(text)
    if scheme and not re.match(r"postgres(ql)?(\+[a-z0-9_]+)?://", text, re.IGNORECASE):
        raise UsageError(f"{source} is not a PostgreSQL URL", hint=_FORM)


def _malformed(source: str, text: str) -> UsageError:
    """Return the error; it names only known parameters: others might be part of a password."""
    reason = f"{source} is not a valid connection string"
    for name in _parameter_names(text):
        if name.lower() in _FOREIGN:
            return UsageError(f"{reason}: it has {name}", hint=_FOREIGN[name.lower()])
    return UsageError(reason, hint=_ESCAPE if _SCHEME.match(text) else _FORM)


def _parameter_names(text: str) -> list[str]:
    if not _SCHEME.match(text):
        return re.findall(r"(\w+)\s*=", text)
    return [name for name, _ in parse_qsl(text.partition("?")[2], keep_blank_values=True)]


def _is_misread(text: str, parameters: Mapping[str, str]) -> bool:
    """Return whether a part of the password was read as host, port or database.

    libpq ends the user's part of a URL at the first @, and sees none if a / comes before.
    """
    if not _PORTS.fullmatch(parameters.get("port", "")):
        return True
    if not _SCHEME.match(text):
        return False
    written_so = "%40" in text.partition("@")[2]
    in_host = "@" in parameters.get("host", "") and not written_so
    path = text.partition("://")[2].partition("?")[0].partition("/")[2]
    return in_host or "@" in path
