"""The complete host of the documents runs, from the files that Compose reads."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.plugins.command import ROOT, environment
from tests.plugins.databases import Database
from tests.plugins.ports import free_port
from tests.plugins.seaweed import BUCKET, KEYS, Seaweed, upload
from tests.plugins.waiting import until

FOLDER = ROOT / "docs" / "example_host"
APPOINTMENT = "appt-123e4567-e89b-12d3-a456-426614174000"
PET = "pet-987fcdeb-51a2-43d1-9c4f-123456789abc"
VERA = {"Authorization": "Bearer vera"}


def services() -> dict[str, Any]:
    """Return the services of Compose."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return found


def command_of_the_image() -> list[str]:
    """Return what the last line of the Dockerfile runs."""
    last = (FOLDER / "Dockerfile").read_text().splitlines()[-1]
    command: list[str] = json.loads(last.removeprefix("CMD "))
    return command


@pytest.fixture
def host(empty_database: Database, seaweed: Seaweed, tmp_path: Path) -> Iterator[httpx.Client]:
    """Start the image's command on the schema, with the environment of Compose, at other places."""
    empty_database.execute((FOLDER / "schema.sql").read_text())
    environ = services()["host"]["environment"] | {
        "DATABASE_URL": empty_database.dsn.replace("postgresql:", "postgresql+psycopg:"),
        "S3_ENDPOINT": seaweed.endpoint,
        "AWS_ACCESS_KEY_ID": KEYS.access_key,
        "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
    }
    command, port = command_of_the_image(), free_port()
    command[command.index("0.0.0.0")] = "127.0.0.1"
    command[command.index("8000")] = str(port)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=FOLDER, env=environment(**environ), stdout=log, stderr=log,
        )  # fmt: skip
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        try:
            until(lambda: process.poll() is not None or _answers(client))
            assert process.poll() is None, (tmp_path / "log").read_text()
            yield client
        finally:
            process.terminate()
            process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v1/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_the_example_host_takes_a_recording(host: httpx.Client) -> None:
    assert host.get("/own").json() == {"detail": "the host's own format"}
    assert host.get("/docs").status_code == 200
    body = {
        "appointment_id": APPOINTMENT, "pet_id": PET, "recording_type": "visit_audio",
        "filename": "visit.m4a", "content_type": "audio/mp4",
    }  # fmt: skip
    made = host.post("/api/v1/recordings/upload/initiate", json=body, headers=VERA).json()
    assert upload(made["upload_url"], made["upload_fields"], b"sound").is_success
    done = host.post(
        f"/api/v1/recordings/upload/complete/{made['recording_id']}",
        json={"file_size_bytes": 5}, headers=VERA,
    )  # fmt: skip
    assert done.json()["status"] == "completed"
    listed = host.get(f"/api/v1/recordings/?pet_id={PET}", headers=VERA).json()
    assert [row["id"] for row in listed] == [made["recording_id"]]
    heard = host.get(f"/api/v1/recordings/{made['recording_id']}/audio", headers=VERA).json()
    assert httpx.get(heard["audio_url"]).content == b"sound"
    for headers in ({}, {"Authorization": "Bearer otto"}):
        refused = host.get("/api/v1/recordings/", headers=headers)
        assert (refused.status_code, refused.json()["error_code"]) == (401, "not_authenticated")


def test_compose_names_what_is_there() -> None:
    found = services()
    [identity] = json.loads((FOLDER / "s3.json").read_text())["identities"]
    [keys] = identity["credentials"]
    environ = found["host"]["environment"]
    read = re.findall(r'os\.environ(?:\.get\(|\[)"(\w+)"', (FOLDER / "app.py").read_text())
    assert set(read) == environ.keys()
    assert environ["AWS_ACCESS_KEY_ID"] == keys["accessKey"]
    assert environ["AWS_SECRET_ACCESS_KEY"] == keys["secretKey"]
    assert f"{keys['accessKey']}:{keys['secretKey']}" in found["bucket"]["command"][0]
    database = found["database"]["environment"]
    assert (
        f":{database['POSTGRES_PASSWORD']}@database/{database['POSTGRES_DB']}"
        in (environ["DATABASE_URL"])
    )
    [alias] = found["store"]["networks"]["default"]["aliases"]
    assert environ["S3_ENDPOINT"] == f"http://{alias}:8333"
    assert (FOLDER / found["host"]["build"]["context"] / "pyproject.toml").exists()
    assert (ROOT / found["host"]["build"]["dockerfile"]) == FOLDER / "Dockerfile"
    for service in found.values():
        for volume in service.get("volumes", ()):
            assert (FOLDER / volume.partition(":")[0]).exists()
        assert set(service.get("depends_on", ())) <= found.keys()


def test_the_bucket_is_made_and_may_be_there(seaweed: Seaweed) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    service = services()["bucket"]
    [line] = service["command"]
    line = line.replace("http://store:8333", seaweed.endpoint).replace(
        "clinic:clinic-secret", f"{KEYS.access_key}:{KEYS.secret_key}"
    )
    assert line.count(BUCKET) == 1
    for _ in range(2):
        made = line.replace(BUCKET, "made-by-compose")
        subprocess.run([*service["entrypoint"], made], check=True, timeout=60, env=dict(os.environ))
    client = seaweed.client()
    assert "made-by-compose" in [one["Name"] for one in client.list_buckets()["Buckets"]]
    client.delete_bucket(Bucket="made-by-compose")
    client.close()
