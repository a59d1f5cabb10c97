"""Exports in an object store are read as those on this machine, with keys of the environment."""

from collections.abc import Iterator

import pytest

import petrec as api
from tests.integration.lake.test_audit_files import answers
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, databases
from tests.plugins.seaweed import BUCKET, KEYS, Seaweed

SOURCE = f"s3://{BUCKET}/exports/{{table}}/*.parquet"


@pytest.fixture(scope="module")
def uploaded(
    cluster: Cluster, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A damaged clinic, whose export is in the store."""
    directory = tmp_path_factory.mktemp("s3") / "lake"
    with databases(cluster) as make:
        clinic = make("with_visits")
        api.export_tables(api.connect(clinic.dsn), directory)
        for path in directory.rglob("*.parquet"):
            put(seaweed, f"exports/{path.relative_to(directory)}", path.read_bytes())
        yield clinic


def put(seaweed: Seaweed, key: str, content: bytes) -> None:
    seaweed.put(key, content, "application/octet-stream")


def keys(seaweed: Seaweed, secret: str = KEYS.secret_key) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": KEYS.access_key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_ENDPOINT_URL_S3": seaweed.endpoint,
    }


def test_counts_are_those_of_the_database(
    petrec: Petrec, uploaded: Database, seaweed: Seaweed
) -> None:
    there = petrec("audit", "--format", "json", dsn=uploaded.dsn)
    here = petrec("audit", "--format", "json", "--source", SOURCE, **keys(seaweed))
    assert here.code == there.code, here.err
    assert answers(here.out) == answers(there.out)
    assert "no manifest" in here.out


@pytest.mark.few(1)
@pytest.mark.usefixtures("uploaded")
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pets/b.csv", b"", "files of several formats"),
        ("pets/b.parquet", b"PAR1", "pets/b.parquet"),
        ("pets/b.txt", b"", "b.txt is not named .parquet or .csv"),
    ],
)
def test_an_object_in_the_way_is_named(
    petrec: Petrec, seaweed: Seaweed, name: str, content: bytes, said: str
) -> None:
    put(seaweed, f"exports/{name}", content)
    try:
        ended = petrec("audit", "--source", SOURCE.replace("*.parquet", "*"), **keys(seaweed))
    finally:
        seaweed.client().delete_object(Bucket=BUCKET, Key=f"exports/{name}")
    assert ended.code in {2, 3}
    assert said in ended.err


def test_csv_has_its_one_form_there_too(petrec: Petrec, seaweed: Seaweed) -> None:
    tables = {
        "recordings": "id,pet_id,appointment_id\nr1,,a1\nr2,p9,a1\n",
        "pets": "id\np1\n",
        "appointments": "id\na1\n",
        "appointment_pets": "appointment_id,pet_id\na1,p1\n",
    }
    source = ("audit", "--source", f"s3://{BUCKET}/csv/{{table}}.csv")
    for name, text in tables.items():
        put(seaweed, f"csv/{name}.csv", text.encode())
    found = petrec(*source, **keys(seaweed))
    assert found.code == 1, found.err
    put(seaweed, "csv/recordings.csv", tables["recordings"].replace(",", ";").encode())
    refused = petrec(*source, **keys(seaweed))
    assert "recordings.csv, line 1: the header is one field with ';' in it" in refused.err
    put(seaweed, "csv/recordings.csv", b"id,pet_id,appointment_id\nr1,,a1\nr2,p9\n")
    refused = petrec(*source, **keys(seaweed))
    assert "recordings.csv, line 3: the header has 3 fields, the line 2" in refused.err


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SOURCE.replace("exports", "away"), "has no files of table recordings"),
        ("s3://no-such-bucket/{table}/*.parquet", "no-such-bucket"),
        (f"s3://{BUCKET}/exports", "does not say where each table is"),
        ("hdfs://host/{table}/*.parquet", "DuckDB does not read hdfs:// addresses"),
    ],
)
def test_an_address_that_cannot_be_read_is_named(
    petrec: Petrec, seaweed: Seaweed, source: str, said: str
) -> None:
    ended = petrec("audit", "--source", source, **keys(seaweed))
    assert ended.code in {2, 3}
    assert said in ended.err


def test_wrong_keys_are_an_error_that_does_not_show_them(petrec: Petrec, seaweed: Seaweed) -> None:
    ended = petrec("audit", "-vv", "--source", SOURCE, **keys(seaweed, "s3cret'; wrong"))
    assert ended.code == 3
    assert "s3cret" not in ended.out + ended.err
