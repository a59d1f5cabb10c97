"""Upload forms and links: equal to boto3's, and enforced by a real store."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from petrec.api.host.store import S3Store
from petrec.errors import SettingsError, StorageUnavailableError
from petrec.storage import BucketAddress, Credentials, from_environment
from petrec.storage.credentials import from_role
from petrec.storage.sigv4 import signed_url
from tests.plugins.seaweed import OTHER_BUCKET, Seaweed, upload

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY, TYPE = "recordings/2026/01/02/rec-1.m4a", "audio/mp4"
SIMPLE = st.text(st.characters(codec="utf-8", exclude_characters="$"), min_size=1, max_size=60)


@contextmanager
def boto_client(place: BucketAddress, keys: Credentials) -> Iterator[Any]:
    """Yield a client for which it is NOW."""
    client = boto3.client(
        "s3", region_name=place.region, endpoint_url=place.endpoint,
        aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.session_token,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if place.path_style else "virtual"},
        ),
    )  # fmt: skip
    naive = NOW.replace(tzinfo=None)
    frozen = lambda **_: naive  # noqa: E731
    with (
        patch("botocore.signers.get_current_datetime", frozen),
        patch("botocore.auth.get_current_datetime", frozen),
    ):
        yield client
    client.close()


def boto_form(
    place: BucketAddress, keys: Credentials, key: str, content_type: str
) -> dict[str, Any]:
    with boto_client(place, keys) as client:
        made: dict[str, Any] = client.generate_presigned_post(
            place.bucket, key, {"Content-Type": content_type},
            [{"Content-Type": content_type}, ["content-length-range", 1, 1000]], 600,
        )  # fmt: skip
    return made


PLACES = [
    BucketAddress("clinic-recordings", "eu-central-1"),
    BucketAddress("clinic-recordings", "eu-central-1", path_style=True),
    BucketAddress("clinic-recordings", endpoint="https://s3.clinic.test:9000"),
    BucketAddress("clinic-recordings", endpoint="http://127.0.0.1:9000", path_style=True),
]


@settings(max_examples=settings().max_examples // 4)
@given(SIMPLE, st.sampled_from([None, "a-token/+="]), st.sampled_from(PLACES))
def test_a_link_equals_boto3s(key: str, token: str | None, place: BucketAddress) -> None:
    keys = Credentials("AKIAEXAMPLE", "secret/+key", token)
    with boto_client(place, keys) as client:
        named = {"Bucket": place.bucket, "Key": key}
        expected = urlsplit(client.generate_presigned_url("get_object", named, ExpiresIn=600))
    ours = urlsplit(signed_url(place, keys, key, 600, NOW))
    assert ours[:3] == expected[:3]
    assert parse_qs(ours.query) == parse_qs(expected.query)


@settings(max_examples=settings().max_examples // 4)
@given(SIMPLE, SIMPLE, st.sampled_from([None, "a-token/+="]))
def test_fields_equal_boto3s(key: str, content_type: str, token: str | None) -> None:
    keys = Credentials("AKIAEXAMPLE", "secret/+key", token)
    place = BucketAddress("clinic-recordings", "eu-central-1")
    store = S3Store(place, lambda: keys, expires_s=600, max_bytes=1000)
    made = store.presign_post(key, content_type, NOW)
    assert made.fields == boto_form(place, keys, key, content_type)["fields"]


@pytest.mark.parametrize("place", PLACES)
def test_address_equals_boto3s(place: BucketAddress) -> None:
    keys = Credentials("AKIAEXAMPLE", "secret")
    ours = S3Store(place, lambda: keys).presign_post(KEY, TYPE, NOW).url
    assert ours.rstrip("/") == boto_form(place, keys, KEY, TYPE)["url"].rstrip("/")


def test_policy_fixes_everything_and_has_no_acl() -> None:
    store = S3Store(BucketAddress("clinic-recordings"), lambda: Credentials("A", "s"), 60, 10)
    fields = store.presign_post(KEY, TYPE, NOW).fields
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert policy["expiration"] == "2026-01-02T03:05:05Z"
    assert "acl" not in fields
    assert all(isinstance(c, dict) or c == ["content-length-range", 1, 10]
               for c in policy["conditions"])  # fmt: skip
    assert {"key": KEY} in policy["conditions"]
    assert {"Content-Type": TYPE} in policy["conditions"]
    assert {"bucket": "clinic-recordings"} in policy["conditions"]


def test_secrets_are_not_represented() -> None:
    store = S3Store(BucketAddress("clinic-recordings"), lambda: Credentials("A", "s3cr3t", "t0ken"))
    assert "s3cr3t" not in repr(store) + repr(store.credentials())
    assert "t0ken" not in repr(store.credentials())


@pytest.mark.parametrize(
    "parts",
    [
        {"bucket": "UPPER"},
        {"bucket": "a/b"},
        {"bucket": "abc", "endpoint": "ftp://x"},
        {"bucket": "abc", "endpoint": "https://user:pw@x"},
        {"bucket": "abc", "endpoint": "https://x/path"},
        {"bucket": "abc", "region": "eu/../"},
    ],
)
def test_a_wrong_place_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        BucketAddress(**parts)  # type: ignore[arg-type]


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError):
        from_environment({"AWS_ACCESS_KEY_ID": "A"})
    found = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    assert from_environment(found) == Credentials("A", "b", "c")
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    assert from_role()() == Credentials("A", "b", "c")


def test_good_upload_is_seen_by_head(seaweed: Seaweed) -> None:
    store = seaweed.store()
    made = store.presign_post(KEY, TYPE, datetime.now(UTC))
    assert upload(made.url, made.fields, b"sound").status_code in (200, 201, 204)
    found = store.head(KEY)
    assert found is not None
    assert (found.size, found.content_type, bool(found.etag)) == (5, TYPE, True)
    assert store.head("recordings/none.m4a") is None


def _tampered(fields: dict[str, str]) -> dict[str, str]:
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = [c for c in policy["conditions"] if isinstance(c, dict)]
    return fields | {"policy": base64.b64encode(json.dumps(policy).encode()).decode()}


REFUSED: dict[str, Any] = {
    "oversize": lambda f: (f, b"x" * 101),
    "empty": lambda f: (f, b""),
    "key": lambda f: (f | {"key": "recordings/bad.m4a"}, b"x"),
    "type": lambda f: (f | {"Content-Type": "text/html"}, b"x"),
    "policy": lambda f: (_tampered(f), b"x"),
    "signature": lambda f: (f | {"x-amz-signature": "0" * 64}, b"x"),
    "unsigned": lambda f: ({k: v for k, v in f.items() if k != "x-amz-signature"}, b"x"),
}


@pytest.mark.few(7)
@pytest.mark.parametrize("change", REFUSED)
def test_the_store_refuses_what_the_form_excludes(seaweed: Seaweed, change: str) -> None:
    store = seaweed.store(max_bytes=100)
    key = f"recordings/refused-{change}.m4a"
    made = store.presign_post(key, TYPE, datetime.now(UTC))
    fields, content = REFUSED[change](dict(made.fields))
    assert 400 <= upload(made.url, fields, content).status_code < 500
    assert store.head(fields["key"]) is None


def test_the_store_refuses_an_expired_form(seaweed: Seaweed) -> None:
    store = seaweed.store(expires_s=60)
    key = "recordings/expired.m4a"
    made = store.presign_post(key, TYPE, datetime.now(UTC) - timedelta(seconds=61))
    assert 400 <= upload(made.url, made.fields, b"x").status_code < 500
    assert store.head(key) is None


def test_the_store_refuses_another_bucket(seaweed: Seaweed) -> None:
    made = seaweed.store().presign_post(KEY, TYPE, datetime.now(UTC))
    url = made.url.replace("clinic-recordings", OTHER_BUCKET)
    assert 400 <= upload(url, made.fields, b"x").status_code < 500


def test_a_store_that_cannot_be_asked_is_an_error(seaweed: Seaweed) -> None:
    closed = S3Store(
        BucketAddress("clinic-recordings", endpoint="http://127.0.0.1:9", path_style=True),
        lambda: Credentials("a", "b"),
    )
    with pytest.raises(StorageUnavailableError):
        closed.head(KEY)
    stranger = S3Store(seaweed.store().place, lambda: Credentials("petrec-test-key", "wrong"))
    with pytest.raises(StorageUnavailableError):
        stranger.head(KEY)
