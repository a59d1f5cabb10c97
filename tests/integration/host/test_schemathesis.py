"""Schemathesis against the real command: every phase and every check finds nothing.

By its command line: the pinned pytest and Schemathesis' plugin do not go together.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petrec.api.http.openapi import document
from petrec.postgres.ids import UUID_PATTERN
from tests.integration.host.test_serve import Served, bearer, serve
from tests.plugins.command import ROOT, environment
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.id_sorts import SORTS, turn
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
negative_data_rejection.enabled = false  # misfitting_data_rejection instead
[phases]
enabled = true
coverage.generate-duplicate-query-parameters = true
"""
CALLERS = {"mine": VET, "foreign": VET2}
FAR = 4_000_000_000
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("sort", "examples"),
    [
        ("uuid", 1),
        pytest.param("integer", 1, marks=pytest.mark.full),
        pytest.param("text", 1, marks=pytest.mark.full),
        pytest.param("prefixed", 1, marks=pytest.mark.full),
        pytest.param("uuid", 300, marks=pytest.mark.full),
        *(pytest.param(sort, 100, marks=pytest.mark.full) for sort in SORTS[1:]),
    ],
)
def test_schemathesis_finds_nothing(
    database: MakeDatabase,
    seaweed: Seaweed,
    serve: Callable[..., Served],
    tmp_path: Path,
    sort: str,
    examples: int,
) -> None:
    base = database("with_visits")
    base.execute(ROWS + EXAMPLES + PENDING)
    named = turn(base, sort, numbers())
    # As many bytes as the hooks say.
    seaweed.put(f"key-{RECORDING}", b"sound", "audio/mp4")
    server = serve(base.dsn, seaweed.endpoint)
    shown = server.http.get("/openapi.json").json()
    if sort == "uuid":
        assert shown["paths"] == document()["paths"], "the document in docs/ is what is served"
    callers = {name: bearer(named("user", user), exp=FAR) for name, user in CALLERS.items()}
    out = run(tmp_path, f"{server.http.base_url}/openapi.json", sort, examples, callers)
    for phase in PHASES:
        assert re.search(rf"✅  {phase}", out), out
    assert server.stop() == 0
    log = server.log.read_text()
    check_records(log, base)
    check_reached(log, shown["paths"])


def numbers() -> dict[str, int]:
    """Return the numbers that stand for the uuids of the examples in a document for integers."""
    uuids = re.findall(UUID_PATTERN, EXAMPLES)
    found = {uuid: int(uuid[:8], 16) % 10_000 for uuid in uuids}
    for digit in "23":
        found[f"{RECORDING[:-1]}{digit}"] = found[RECORDING] // 10 * 10 + int(digit)
    return found


def run(
    folder: Path, document_url: str, sort: str, examples: int, tokens: dict[str, dict[str, str]]
) -> str:
    (folder / "schemathesis.toml").write_text(CONFIG.format(examples=examples))
    listed = [
        {"name": name, "fixedHeaders": [{"name": key, "value": value}]}
        for name, header in tokens.items()
        for key, value in header.items()
    ]
    (folder / "callers.json").write_text(json.dumps({"auth": listed}))
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", document_url]
    # What Hypothesis finds out about Unicode is kept with what these tests keep of it.
    kept = {"HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
    ended = subprocess.run(
        [*command, "--no-color"], cwd=folder,
        env=environment(PYTHONWARNINGS="default", ID_SORT=sort, **kept),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def check_records(log: str, base: Database) -> None:
    """Each refusal of a known caller has left one row of api_logs, and nothing has left a secret.

    Of those of strangers there is a sample.
    """
    answered = re.findall(r"petrec\.access: \S+ /api/v1/\S+ (\d+) ", log)
    refused = [int(status) for status in answered if status.startswith("4")]
    rows = Counter(status for (status,) in base.execute("SELECT status_code FROM api_logs"))
    assert rows <= Counter(refused)
    assert rows.keys() == set(refused)
    # Only known callers get these.
    for status in (403, 409):
        assert rows[status] == refused.count(status)
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
