"""Questions as tests of dbt, one number each; they come as JSON on standard input."""

import json
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from dbt.cli.main import dbtRunner

# A number that is not zero is a warning, and the number of its failures.
TEST = "{{{{ config(fail_calc='coalesce(max({name}), 0)', severity='warn') }}}}\n{query}"
PROJECT = {
    "name": "clinic",
    "version": "1.0.0",
    "config-version": 2,
    "profile": "clinic",
    "test-paths": ["tests"],
}


def ask(dsn: str, questions: dict[str, str], home: Path) -> dict[str, int]:
    """Return the answers by name; errors: RuntimeError."""
    _write(home, dsn, questions)
    folder = ["--project-dir", str(home), "--profiles-dir", str(home)]
    done = dbtRunner().invoke(["--quiet", "test", *folder])
    if not done.success:
        raise RuntimeError(str(done.exception or done.result))
    results = json.loads((home / "target" / "run_results.json").read_text())["results"]
    return {result["unique_id"].split(".")[-1]: result["failures"] for result in results}


def _write(home: Path, dsn: str, questions: dict[str, str]) -> None:
    url = urlsplit(dsn)
    target = {
        "type": "postgres",
        "host": url.hostname,
        "port": url.port,
        "user": url.username,
        "password": "",
        "dbname": url.path[1:],
        "schema": "public",
        "threads": 1,
    }
    # JSON is YAML.
    profile = {"clinic": {"target": "it", "outputs": {"it": target}}}
    (home / "profiles.yml").write_text(json.dumps(profile))
    (home / "dbt_project.yml").write_text(json.dumps(PROJECT))
    (home / "tests").mkdir()
    for name, query in questions.items():
        (home / "tests" / f"{name}.sql").write_text(TEST.format(name=name, query=query))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        print("\n" + json.dumps(ask(sys.argv[1], json.load(sys.stdin), Path(directory))))
