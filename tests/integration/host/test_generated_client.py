"""Clients generated from the document run an upload from start to end."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.host.test_serve import Served, bearer, serve
from tests.plugins import guide
from tests.plugins.databases import MakeDatabase
from tests.plugins.generators import Command, run
from tests.plugins.seaweed import Seaweed

# Those in TypeScript and Kotlin are files in tests/clients.
FLOW = """
import json, sys
import httpx
from clinic import AuthenticatedClient, models
from clinic.api.appointments import get_appointment
from clinic.api.recordings import complete_upload, get_audio, get_recordings, initiate_upload

base, token, body = sys.argv[1:]
client = AuthenticatedClient(base, token=token, raise_on_unexpected_status=True)
body = models.InitiateIn.from_dict(json.loads(body))
made = initiate_upload.sync(client=client, body=body)
fields = made.upload_fields.to_dict()
httpx.post(made.upload_url, data=fields, files={"file": b"sound"}).raise_for_status()
done = complete_upload.sync(
    made.recording_id, client=client, body=models.CompleteIn(file_size_bytes=5)
)
listed = get_recordings.sync(client=client, pet_id=body.pet_id)
heard = httpx.get(get_audio.sync(made.recording_id, client=client).audio_url)
refused = get_recordings.sync(client=client, pet_id="pet-\\x00")
appointment = get_appointment.sync(body.appointment_id, client=client)
print(json.dumps({
    "status": done.status,
    "listed": made.recording_id in [row.id for row in listed],
    "heard": heard.text,
    "refused": refused.error_code,
    "pets": body.pet_id in [pet.id for pet in appointment.pets],
}))
"""

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Flow:
    """A server with its document, and a folder to generate in."""

    served: Served
    folder: Path

    @property
    def document(self) -> Path:
        written = self.folder / "openapi.json"
        written.write_text(self.served.http.get("/openapi.json").text)
        return written

    def check(self, *command: str | Path) -> None:
        """Run a program that uploads, completes, lists and listens, and check what it found."""
        token = bearer()["Authorization"].removeprefix("Bearer ")
        given = [str(self.served.http.base_url).rstrip("/"), token, json.dumps(guide.INITIATE)]
        assert json.loads(run([*command, *given], self.folder)) == {
            "status": "completed", "listed": True, "heard": "sound", "refused": "invalid_id",
            "pets": True,
        }  # fmt: skip


@pytest.fixture
def flow(
    database: MakeDatabase, seaweed: Seaweed, serve: Callable[..., Served], tmp_path: Path
) -> Flow:
    base = guide.fill(database("text_ids"))
    return Flow(serve(base.dsn, seaweed.endpoint), tmp_path)


def test_the_python_client_uploads_and_listens(flow: Flow, python_generator: Path) -> None:
    generator = python_generator.parent / "openapi-python-client"
    where: Command = ["--meta", "none", "--output-path", flow.folder / "clinic"]
    out = run([generator, "generate", "--path", flow.document, *where], flow.folder)
    assert "ERROR" not in out
    assert "WARNING" not in out
    flow.check(python_generator, "-c", FLOW)


def test_the_typescript_client_uploads_and_listens(flow: Flow, npm_tools: Path) -> None:
    made = npm_tools / "clinic.ts"
    programs = npm_tools / "node_modules" / ".bin"
    run([programs / "openapi-typescript", flow.document, "-o", made], npm_tools)
    run([programs / "tsc", "--project", npm_tools], npm_tools)
    flow.check("node", npm_tools / "flow.js")


def test_the_kotlin_client_uploads_and_listens(
    flow: Flow, npm_tools: Path, openapi_generator: Path, spark_jars: Path
) -> None:
    style = ["--library", "jvm-vertx", "--package-name", "clinic"]
    style += ["--additional-properties", "serializationLibrary=gson"]
    made = flow.folder / "kotlin"
    generate: Command = ["java", "-jar", openapi_generator, "generate", "-g", "kotlin", *style]
    run([*generate, "-i", flow.document, "-o", made], flow.folder)
    libraries = [*spark_jars.glob("gson-*.jar"), *spark_jars.glob("vertx-*.jar")]
    program = flow.folder / "flow.jar"
    compiler = npm_tools / "node_modules" / "kotlin-compiler"
    sources = [made / "src" / "main", npm_tools / "Flow.kt"]
    command: Command = ["bash", compiler / "bin" / "kotlinc", *sources, "-d", program]
    run([*command, "-cp", os.pathsep.join(map(str, libraries))], flow.folder)
    runtime = [program, compiler / "lib" / "kotlin-stdlib.jar", spark_jars / "*"]
    flow.check("java", "-cp", os.pathsep.join(map(str, runtime)), "FlowKt")


__all__ = ["serve"]
