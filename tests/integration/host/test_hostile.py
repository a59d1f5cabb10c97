"""Requests that mean harm."""

from collections.abc import AsyncIterator

from tests.plugins.api import Api
from tests.plugins.databases import MakeDatabase

INITIATE = "/api/v1/recordings/upload/initiate"


def test_a_chunked_body_is_limited_too(database: MakeDatabase) -> None:
    api = Api(database("clinic"))
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1024
            yield b" " * 1024

    try:
        answer = api.client.post(INITIATE, content=endless())
    finally:
        api.close()
    assert (answer.status_code, answer.json()["error_code"]) == (413, "body_too_large")
    assert sent < 100_000
