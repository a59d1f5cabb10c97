"""Connection strings that are wrong are named without a word of what they hold."""

from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from petrec.errors import PetrecError, UsageError
from petrec.postgres.dsn import resolve_dsn, without_secrets
from petrec.postgres.errors import translated
from tests.plugins.ports import free_port

PASSWORDS = st.text(st.sampled_from("abcdefgXYZ0189@:/?#%&=+[]!$' é"), min_size=1, max_size=12).map(
    lambda text: text.strip() or "p"
)

PLACES = (
    "postgresql://clinic:{}@127.0.0.1:{port}/clinic",
    "postgresql://{}@127.0.0.1:{port}/clinic",
    "postgresql://{}:clinic@127.0.0.1:{port}/clinic",
    "postgresql://clinic@{}:{port}/clinic",
    "postgresql://clinic@127.0.0.1:{}/clinic",
    "postgresql://clinic@127.0.0.1:{port}/{}",
    "postgresql://clinic@127.0.0.1:{port}/clinic?{}",
    "postgresql://clinic@127.0.0.1:{port}/clinic?{}=1",
    "postgresql://clinic@127.0.0.1:{port}/clinic?schema={}",
    "postgresql://clinic@127.0.0.1:{port}/clinic?sslmode={}",
    "host=127.0.0.1 port={port} user=clinic password={}",
    "host=127.0.0.1 port={port} user={} password=x",
    "host=127.0.0.1 port={port} dbname={}",
    "host={} port={port}",
    "{}",
)


def said(dsn: str) -> str:
    """Return all that a user reads who connects by this string; nothing listens there."""
    try:
        target = resolve_dsn(dsn, None, {})
        parameters: dict[str, Any] = dict(target.parameters) | {"connect_timeout": "1"}
        if not set(parameters.get("host", "")) <= set("127.0.0.1"):
            parameters["host"] = "127.0.0.1"
        with translated(target):
            psycopg.connect(**parameters)
    except PetrecError as error:
        return f"{error.reason}\n{error.hint}"
    raise AssertionError("nothing listens there")


@pytest.fixture(scope="module")
def port() -> int:
    """A port at which nobody listens."""
    return free_port()


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=20)
@given(one=PASSWORDS, other=PASSWORDS)
def test_nothing_of_a_password_is_said_wherever_it_stands(
    port: int, place: str, one: str, other: str
) -> None:
    """Two passwords of the same form give the same words, so that none can be read off."""
    assume("{" not in one + other)
    for password in (one, other):
        text = said(place.replace("{port}", str(port)).replace("{}", password))
        if len(password) > 3:
            assert password not in text.replace("postgresql://user@host:5432/dbname", "")
    pair = [said(place.replace("{port}", str(port)).replace("{}", quote(p, safe="")))
            for p in (one, other)]  # fmt: skip
    if place.startswith("postgresql://clinic:{}"):
        assert pair[0] == pair[1]


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("postgresql://u:p@h/d?schema=public", "it has schema"),
        ("postgresql://u:p@h/d?pgbouncer=true", "it has pgbouncer"),
        ("postgresql+asyncpg://u:p@h/d?ssl=require", "sslmode=require"),
        ("postgres://u:p@h/d?sslmode=require&connection_limit=5", "it has connection_limit"),
        ("jdbc:postgresql://h/d", "JDBC"),
        ('"postgresql://u:p@h/d"', "quotation mark"),
        ("'postgresql://u:p@h/d'", "quotation mark"),
        ("mysql://u:p@h/d", "not a PostgreSQL URL"),
        ("sqlite:///clinic.db", "not a PostgreSQL URL"),
        ("postgresql://clinic:s3cr3t@pa55@db.invalid/clinic", "%40"),
        ("postgresql://clinic:pa/55@db.invalid/clinic", "%2F"),
        ("postgresql://clinic:55/pa@db.invalid/clinic", "%2F"),
        ("postgresql://clinic@db.invalid:pa55/clinic", "%40"),
        ("postgresql://clinic:100%@db.invalid/clinic", "%40"),
        ("host=h password=pa 55", "key=value"),
        ("host=h schema=public", "it has schema"),
    ],
)
def test_a_malformed_string_is_named_with_what_to_write_instead(dsn: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_dsn(dsn, None, {})
    text = f"{caught.value.reason}\n{caught.value.hint}"
    assert words in text
    for secret in ("s3cr3t", "pa55", "db.invalid", "55@"):
        assert secret not in text


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:p%40ss%2F@h:5432/d",
        "postgresql://u:p:w?#[@h/d",
        "postgresql://u@%40socket/d",
        "postgresql://u@%2Ftmp:5433/d",
        "postgresql://u:p@one:1,two:2/d?target_session_attrs=read-write",
        "postgresql://[::1]:5432/d",
        "postgresql://",
        "host=@abstract user=u",
        "host=h password='pa 55'",
        "dbname='a@b'",
        "service=clinic",
    ],
)
def test_a_string_that_libpq_reads_is_taken(dsn: str) -> None:
    resolve_dsn(dsn, None, {})


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://clinic:s3cret@db.example:5433/clinic?application_name=x",
        "host=db.example port=5433 user=clinic password=s3cret dbname=clinic",
        "postgresql://clinic@db.example:5433/clinic?sslpassword=s3cret",
    ],
)
def test_a_string_to_be_pasted_has_no_password_and_leads_to_the_same_place(dsn: str) -> None:
    shown = without_secrets(dsn)
    assert "s3cret" not in shown
    kept = {"host": "db.example", "port": "5433", "user": "clinic", "dbname": "clinic"}
    assert kept.items() <= resolve_dsn(shown, None).parameters.items()
    assert without_secrets("postgresql://clinic@db/clinic") == "postgresql://clinic@db/clinic"
