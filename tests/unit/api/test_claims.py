"""Claims by name, or by the path to them; what they hold is one text."""

from typing import Any

import pytest
from sqlalchemy import create_engine

from petrec.api import Actor, ApiError, Mapping
from petrec.api.host.auth import Actors, Claims

URL = "https://clinic.example/owner"


def actor(owner: str, **claims: Any) -> Actor:
    engine = create_engine("postgresql+psycopg://")
    return Actors(engine, Mapping(), Claims(owner=owner)).actor({"sub": "user-1"} | claims)


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("owner_id", {"owner_id": "owner-1"}),
        ("app.clinic.owner", {"app": {"clinic": {"owner": "owner-1"}}}),
        ("app.owners", {"app": {"owners": ["owner-1"]}}),
        # Some issuers require names with a domain of one's own.
        (URL, {URL: "owner-1"}),
        ("app.owner", {"app.owner": "owner-1", "app": {"owner": "owner-2"}}),
    ],
)
def test_an_owner_is_found(path: str, claims: dict[str, Any]) -> None:
    assert actor(path, **claims) == Actor("user-1", "owner", None, "owner-1")


@pytest.mark.parametrize(
    "odd", [7, True, "", "a\nb", ["owner-1", "owner-2"], [], [["x"]], {"a": 1}]
)
def test_what_is_not_one_text_is_refused(odd: Any) -> None:
    with pytest.raises(ApiError) as refusal:
        actor("app.owner", app={"owner": odd})
    assert refusal.value.status == 401
