"""Further fields of an upload form: in the form, in its policy, and enforced by a real store."""

import base64
import json
from datetime import UTC, datetime

from petrec.api.host.store import S3Store
from petrec.storage import BucketAddress, Credentials
from tests.plugins.seaweed import Seaweed, upload

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY, TYPE = "recordings/2026/01/02/rec-1.m4a", "audio/mp4"
ENCRYPTED = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-central-1:1:key/2",
}


def test_further_fields_are_in_form_and_policy() -> None:
    keys, place = Credentials("AKIAEXAMPLE", "secret"), BucketAddress("clinic-recordings")
    store = S3Store(place, lambda: keys, expires_s=600, form_fields=ENCRYPTED)
    fields = store.presign_post(KEY, TYPE, NOW).fields
    plain = S3Store(place, lambda: keys, expires_s=600).presign_post(KEY, TYPE, NOW).fields
    signed = {"policy", "x-amz-signature"}
    assert {k: v for k, v in fields.items() if k not in signed} == {
        **{k: v for k, v in plain.items() if k not in signed}, **ENCRYPTED,
    }  # fmt: skip
    conditions = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    assert all({name: value} in conditions for name, value in ENCRYPTED.items())


def test_a_store_holds_a_client_to_further_fields(seaweed: Seaweed) -> None:
    store, more = seaweed.store(form_fields={"x-amz-meta-clinic": "one"}), "x-amz-meta-clinic"
    made = store.presign_post("recordings/more.m4a", TYPE, datetime.now(UTC))
    for fields in ({k: v for k, v in made.fields.items() if k != more}, {**made.fields, more: "2"}):
        assert 400 <= upload(made.url, fields, b"x").status_code < 500
        assert store.head("recordings/more.m4a") is None
    assert upload(made.url, made.fields, b"x").status_code < 300
    assert store.head("recordings/more.m4a") is not None
