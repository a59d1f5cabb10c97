"""What an upload notes beside what a client tells: names of its own, each read by itself."""

import json
from typing import Any

import pytest

from petrec.storage.metadata import (
    CANCELLED,
    ETAG,
    RESERVED,
    SHA256,
    clients_own,
    completed,
    is_noted_cancelled,
    noted_etag,
    noted_sha256,
)

DIGEST = "A" * 43 + "="
GOOD = {ETAG: "e", CANCELLED: "2026-01-01", SHA256: DIGEST}
WRONG = [None, 1, 1.5, False, [], {}, ["x"], {"x": "y"}]


def read(text: str | None) -> tuple[Any, ...]:
    return noted_etag(text), is_noted_cancelled(text), noted_sha256(text)


@pytest.mark.parametrize("name", sorted(RESERVED))
@pytest.mark.parametrize("value", WRONG)
def test_a_value_of_another_type_hides_no_other(name: str, value: Any) -> None:
    expected = {**GOOD, name: None}
    assert read(json.dumps({**GOOD, name: value})) == (
        expected[ETAG], expected[CANCELLED] is not None, expected[SHA256],
    )  # fmt: skip


def test_values_that_few_decoders_take_hide_no_other() -> None:
    noted = json.dumps({ETAG: "e", SHA256: DIGEST})
    odd = ', "n": 1e999, "m": ' + "9" * 5_000 + ', "o": "\\ud800"}'
    assert read(noted[:-1] + odd) == ("e", False, DIGEST)


@pytest.mark.parametrize("text", [None, "", "null", "[1]", "7", "{", "[" * 100_000])
def test_what_is_no_object_notes_nothing(text: str | None) -> None:
    assert read(text) == (None, False, None)


@pytest.mark.parametrize("digest", ["", "x", DIGEST + "\n", DIGEST[:-2] + "B=", "0" * 64])
def test_a_digest_is_one_only_in_its_form(digest: str) -> None:
    assert noted_sha256(json.dumps({SHA256: digest})) is None


def test_a_client_tells_what_is_its_own() -> None:
    told = {**GOOD, "sha256": "x", "cancelled_at": "y", "n": None}
    own = {"sha256": "x", "cancelled_at": "y", "n": None}
    assert clients_own(told) == own
    assert clients_own(None) == {}
    before = json.dumps({CANCELLED: "z", SHA256: DIGEST, "n": 1})
    assert json.loads(completed(before, "new", told)) == {**own, ETAG: "new", SHA256: DIGEST}
