"""Which connection string is taken, and what its forms mean."""

import pytest

from petrec.errors import UsageError
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import Settings


def test_what_is_given_comes_before_the_environment() -> None:
    environ = {"PETREC_DATABASE_URL": "postgresql://a/1", "DATABASE_URL": "postgresql://b/2"}
    assert resolve_dsn("postgresql://c/3", None, environ).parameters["host"] == "c"
    assert resolve_dsn(None, "staging", environ).parameters == {"service": "staging"}
    assert resolve_dsn(None, None, environ).parameters["host"] == "a"
    assert resolve_dsn(None, None, {"DATABASE_URL": "postgresql://b/2"}).parameters["host"] == "b"
    assert resolve_dsn(None, None, {}).parameters == {}
    with pytest.raises(UsageError, match="cannot be combined"):
        resolve_dsn("postgresql://c/3", "staging", environ)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_scheme_of_a_url_means_the_same(scheme: str) -> None:
    found = resolve_dsn(f"{scheme}://u:p%2Fw@h:1/d", None, {})
    assert dict(found.parameters) == {
        "user": "u",
        "password": "p/w",
        "host": "h",
        "port": "1",
        "dbname": "d",
    }
    assert "p/w" not in repr(found)


def test_a_parameter_that_the_driver_reads_itself_is_not_repeated() -> None:
    dsn = resolve_dsn("host=127.0.0.1 connect_timeout=s3cr3tword", None)
    with pytest.raises(UsageError) as caught:
        make_engine(dsn, Settings(), "test").connect()
    assert "s3cr3tword" not in f"{caught.value.reason} {caught.value.hint}"
