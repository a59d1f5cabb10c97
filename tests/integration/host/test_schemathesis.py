"""Schemathesis against the real command: every phase and every check finds nothing.

By its command line: the pinned pytest and Schemathesis' plugin do not go together.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petrec.api.http.openapi import document
from tests.integration.host.test_serve import Served, bearer, serve
from tests.plugins.command import environment
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.seaweed import Seaweed
from tests.plugins.two_clinics import ROWS, VET2, clinic_rows

# The ids of the examples in the document, so that what it shows can be tried.
RECORDING = "456e7890-e89b-12d3-a456-426614174111"
VET = "55566677-7888-4999-8000-111222333444"
EXAMPLES = clinic_rows(
    "99988877-7666-4555-8444-333222111000",
    "aaa111bb-b222-4ccc-8333-ddd444eee555",
    VET,
    "987fcdeb-51a2-43d1-9c4f-123456789abc",
    "123e4567-e89b-12d3-a456-426614174000",
    RECORDING,
    "789abc12-3def-4567-8901-234567890def",
)
# The example's upload is completed, so others are there to be cancelled, and for another form; the
# hooks name them.
PENDING = f"""
CREATE TEMP TABLE another AS SELECT * FROM recordings WHERE id = '{RECORDING}';
UPDATE another SET id = '{RECORDING[:-1]}2';
INSERT INTO recordings SELECT * FROM another;
UPDATE another SET id = '{RECORDING[:-1]}3';
INSERT INTO recordings SELECT * FROM another;
DROP TABLE another;
"""
CONFIG = """
hooks = "tests.integration.host.schemathesis_hooks"
seed = 1
continue-on-failure = true
suppress-health-check = ["all"]
[auth.wfc]
path = "callers.json"
peers = ["mine", "foreign"]
[generation]
max-examples = {examples}
database = "none"
[checks]
enabled = true
positive_data_acceptance.enabled = false  # fitting_data_acceptance instead
[phases]
enabled = true
coverage.generate-duplicate-query-parameters = true
"""
FAR = 4_000_000_000
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("examples", [3, pytest.param(300, marks=pytest.mark.full)])
def test_schemathesis_finds_nothing(
    database: MakeDatabase,
    seaweed: Seaweed,
    serve: Callable[..., Served],
    tmp_path: Path,
    examples: int,
) -> None:
    base = database("with_visits")
    base.execute(ROWS + EXAMPLES + PENDING)
    # As many bytes as the hooks say.
    seaweed.put(f"key-{RECORDING}", b"sound", "audio/mp4")
    server = serve(base.dsn, seaweed.endpoint)
    shown = server.http.get("/openapi.json").json()
    assert shown["paths"] == document()["paths"], "the document in docs/ is the one that is served"
    out = run(tmp_path, f"{server.http.base_url}/openapi.json", examples)
    for phase in PHASES:
        assert re.search(rf"✅  {phase}", out), out
    assert server.stop() == 0
    log = server.log.read_text()
    check_records(log, base)
    check_reached(log, shown["paths"])


def run(folder: Path, document_url: str, examples: int) -> str:
    (folder / "schemathesis.toml").write_text(CONFIG.format(examples=examples))
    tokens = {"mine": bearer(VET, exp=FAR), "foreign": bearer(VET2, exp=FAR)}
    listed = [
        {"name": name, "fixedHeaders": [{"name": key, "value": value}]}
        for name, header in tokens.items()
        for key, value in header.items()
    ]
    (folder / "callers.json").write_text(json.dumps({"auth": listed}))
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", document_url]
    ended = subprocess.run(
        [*command, "--no-color"], cwd=folder, env=environment(PYTHONWARNINGS="default"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def check_records(log: str, base: Database) -> None:
    """Each refusal has left one row of api_logs, and nothing has left a secret."""
    answered = re.findall(r"petrec\.access: \S+ /api/v1/\S+ (\d+) ", log)
    refused = [int(status) for status in answered if status.startswith("4")]
    rows = base.execute("SELECT status_code FROM api_logs")
    assert sorted(refused) == sorted(status for (status,) in rows)
    assert len(answered) > len(refused) > 100
    assert "500" not in answered
    assert "eyJ" not in log, "a token, or a policy"
    assert "X-Amz-Signature" not in log


def check_reached(log: str, paths: dict[str, Any]) -> None:
    """Each operation has succeeded, so that what it answers then was checked as well."""
    for path, operations in paths.items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", path)
        for method in operations:
            success = rf"petrec\.access: {method.upper()} {pattern} 20\d "
            assert re.search(success, log), (method, path)


__all__ = ["serve"]
