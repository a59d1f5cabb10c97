"""A client generated from the document runs an upload from start to end."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.host.test_serve import Served, bearer, serve
from tests.plugins import guide
from tests.plugins.databases import MakeDatabase
from tests.plugins.seaweed import Seaweed

GENERATOR = "openapi-python-client>=0.26"
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


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_generated_python_client_uploads_and_listens(
    database: MakeDatabase, seaweed: Seaweed, serve: Callable[..., Served], tmp_path: Path
) -> None:
    base = guide.fill(database("text_ids"))
    python = generator(tmp_path / "venv")
    served = serve(base.dsn, seaweed.endpoint)
    document = tmp_path / "openapi.json"
    document.write_text(served.http.get("/openapi.json").text)
    made = subprocess.run(
        [str(python.parent / "openapi-python-client"), "generate", "--path", str(document),
         "--meta", "none", "--output-path", str(tmp_path / "clinic")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "ERROR" not in made.stdout
    token = bearer()["Authorization"].removeprefix("Bearer ")
    flow = subprocess.run(
        [str(python), "-c", FLOW, str(served.http.base_url), token, json.dumps(guide.INITIATE)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert flow.returncode == 0, flow.stderr
    assert json.loads(flow.stdout) == {
        "status": "completed", "listed": True, "heard": "sound", "refused": "invalid_id",
        "pets": True,
    }  # fmt: skip


def generator(home: Path) -> Path:
    """Return a Python that has the generator; it needs other versions than the tests do."""
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = home / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ended = subprocess.run([*install, GENERATOR], capture_output=True, text=True, check=False)
    if ended.returncode:
        pytest.skip("the generator cannot be installed here")
    return python


__all__ = ["serve"]
