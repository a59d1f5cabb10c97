"""A key of metadata of every type, with values of every sort: no value raises an error."""

from collections import Counter

import pytest

import petrec as api
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase

FINE = {
    '{"app_version": "2.3"}': "2.3",
    ' {"list": [1, "a"], "object": {"a": -1.5e3}, "app_version" : 5} ': "5",
    '{"app_version": null}': None,
    '{"app_version": ""}': "",
    '{"app_version": "\\ud83d\\ude00 caf\\u00e9"}': "\U0001f600 caf\u00e9",
    '{"app_version": "[bold]=1+1 \\u001b[31m<script>"}': "[bold]=1+1 \x1b[31m<script>",
    '{"app_version": "' + "long" * 100 + '"}': "long" * 50,
    '{"version": "2.3"}': None,
    "[]": None,
    '"app_version"': None,
    "12": None,
}
# Stored by json and text, but no text of the database.
NO_TEXT = ('{"app_version": "a\\u0000b"}', '{"app_version": "x", "more": "\\ud800"}')
NO_JSON = (
    "", "not json", '{"app_version":', '{"app_version": "x",}', "{'app_version': 1}",
    '{"app_version": "raw\nline"}', "[" * 100_000, "[" * 5_000, '{"app_version": 01}',
    '{"app_version": "' + "y" * 9_000 + '"}',
)  # fmt: skip
STATE = "STATE"


def expected(type_name: str) -> list[tuple[str, str | None]]:
    """Return documents with the value that a key has; STATE for one that cannot be read."""
    found = list(FINE.items())
    if type_name == "text":
        # Before version 16 a text must look like an object.
        found = [pair for pair in found if pair[0].lstrip().startswith("{")]
    unreadable = (*NO_TEXT * (type_name != "jsonb"), *NO_JSON * (type_name == "text"))
    return found + [(document, STATE) for document in unreadable]


@pytest.mark.matrix
@pytest.mark.parametrize("type_name", ["jsonb", "json", "text"])
def test_every_document_counts_once(
    database: MakeDatabase, any_cluster: Cluster, type_name: str
) -> None:
    clinic = database("clinic", any_cluster)
    documents = expected(type_name)
    store(clinic, type_name, [document for document, _ in documents])
    origins = api.audit(api.connect(clinic.dsn), by="app_version").origins
    assert origins is not None
    found = {
        STATE if v.state == "not readable" else v.value if v.state == "stated" else None:
        v.recordings
        for v in origins.values
    }  # fmt: skip
    wanted = Counter(value for _, value in documents)
    wanted[None] += 2000 - len(documents)
    assert found == wanted


def store(clinic: Database, type_name: str, documents: list[str]) -> None:
    """Give each document to one recording, and none to the others."""
    changed = f"ALTER TABLE recordings ALTER recording_metadata TYPE {type_name} USING NULL"
    with clinic.connect() as connection:
        connection.execute(changed)
        ids = connection.execute("SELECT id FROM recordings ORDER BY id").fetchall()
        update = f"UPDATE recordings SET recording_metadata = %s::{type_name} WHERE id = %s"
        with connection.cursor() as cursor:
            cursor.executemany(
                update, [(d, key) for d, (key,) in zip(documents, ids, strict=False)]
            )


def test_a_key_named_as_a_column_is_reached_by_its_prefix(clinic: Database) -> None:
    store(clinic, "jsonb", ['{"status": "draft"}'])
    plain, prefixed = (
        api.audit(api.connect(clinic.dsn), by=by).origins
        for by in ("status", "recording_metadata.status")
    )
    assert plain is not None
    assert prefixed is not None
    assert {v.value for v in plain.values} == {"uploaded", "pending", "failed"}
    assert {v.value for v in prefixed.values} == {"draft", ""}
