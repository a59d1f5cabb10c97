"""Why a server could not be reached, in petrec's own words.

libpq's texts repeat host, port, role and database. If a password is in their place, or has an
unescaped character, such a text would show it. Texts are matched in English: neither the wheels of
psycopg nor PostgreSQL's protocol have a code for these errors.
"""

import re

import psycopg

_CUT_OFF = (
    "closed the connection|terminating connection|connection is (lost|bad|closed)|reset by"
    "|eof detected|could not (receive|send) data|broken pipe"
)
_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        ("could not translate host name|failed to resolve host|name resolution|name or service",
         "could not resolve the host name"),
        ("connection refused", "connection refused: no server listens at this host and port"),
        ("timeout expired|timed out", "the server did not answer in time"),
        ("no route to host|network is unreachable", "could not reach the host"),
        ("no such file or directory", "no server listens on the local socket"),
        ("password authentication failed|sasl authentication failed|invalid password",
         "password authentication failed"),
        ("no password supplied|password is required", "the server requires a password"),
        ("pg_hba.conf|peer authentication|ident authentication|certificate authentication",
         "pg_hba.conf does not allow this role to connect from this host"),
        ("role .* does not exist|no such user", "the role does not exist"),
        ("database .* does not exist|no such database", "the database does not exist"),
        ("is not permitted to log in", "the role is not allowed to log in"),
        ("permission denied for database", "the role is not allowed to connect to the database"),
        ("too many (connections|clients)|connection slots|no more connections",
         "the server has no free connection"),
        ("starting up", "the server is starting up"),
        ("shutting down|administrator command", "the server is shutting down"),
        ("recovery mode|not yet accepting|crash of another", "the server is recovering"),
        ("definition of service", "the service is not defined in pg_service.conf"),
        ("service file", "could not read the service file"),
        ("invalid (integer value|port number)", "the port is not a number from 1 to 65535"),
        ("ssl|tls|certificate|gss", "could not agree on encryption with the server"),
        ("idle.in.transaction", "the server closed the connection: idle in a transaction too long"),
        (_CUT_OFF, "the server closed the connection"),
        ("target_session_attrs|session is (not )?read-only|server is (not )?in hot standby",
         "no host has the requested session attributes"),
    )
)  # fmt: skip
_OTHER = "the connection failed"


def why_unreachable(error: psycopg.Error) -> str:
    """Return why there is no connection, without any part of the connection string."""
    text = error.diag.message_primary or str(error)
    return next((reason for pattern, reason in _REASONS if pattern.search(text)), _OTHER)
