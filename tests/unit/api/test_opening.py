"""How long a connection may take to open: what the host says, or else the time of a statement."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event

from petrec.api.pooled import bound_waits

PLAIN, NAMED = "postgresql+psycopg://", "postgresql+psycopg:///clinic"
SERVICES = "[slow]\nconnect_timeout=5\n[plain]\nport=1\n"


class Opening(Exception):  # noqa: N818 it is no error
    """What the driver is about to be asked."""


def opened(url: str, opening_s: float, **parts: Any) -> object:
    """Return the limit that the driver would get beside what the host's own string says."""
    engine = create_engine(url, **parts)
    bound_waits(engine, opening_s)

    @event.listens_for(engine, "do_connect")
    def _(_: Any, __: Any, ___: Any, named: dict[str, Any]) -> None:
        raise Opening(named.get("connect_timeout"))

    with pytest.raises(Opening) as found:
        engine.connect()
    return found.value.args[0]


@pytest.mark.parametrize("url", [PLAIN, NAMED, "postgresql+psycopg://u:p@h:1/clinic"])
@pytest.mark.parametrize(("opening_s", "limit"), [(9.5, 10), (0.5, 2)])
def test_the_time_of_a_statement(url: str, opening_s: float, limit: int) -> None:
    assert opened(url, opening_s) == limit


@pytest.mark.parametrize(
    ("url", "own", "limit"),
    [
        (f"{NAMED}?connect_timeout=3", {}, "3"),
        (NAMED, {"connect_timeout": 3}, 3),
        (NAMED, {"conninfo": "host=h connect_timeout=3"}, None),
        (NAMED, {"conninfo": "host=h"}, 10),
        (NAMED, {"conninfo": "service=slow"}, None),
        ("postgresql+psycopg:///?service=slow", {}, None),
    ],
)
def test_what_the_host_says_stays(url: str, own: dict[str, Any], limit: object) -> None:
    assert opened(url, 10, connect_args=own) == limit


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("PGCONNECT_TIMEOUT", "3", None),
        ("PGSERVICE", "slow", None),
        ("PGSERVICE", "plain", 10),
        ("PGSERVICE", "nowhere", 10),
    ],
)
def test_what_the_environment_says_stays(
    name: str, value: str, limit: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services"
    services.write_text(SERVICES)
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv(name, value)
    assert opened(PLAIN, 10) == limit
