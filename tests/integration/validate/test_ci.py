"""The examples for pipelines are run as the pipeline would run them."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.plugins.command import ROOT, Petrec, environment
from tests.plugins.databases import Database
from tests.plugins.forks import Completed, Forks

EXAMPLES = ROOT / "docs" / "ci"
SOUND = """
DELETE FROM recordings r WHERE pet_id IS NULL OR NOT EXISTS (
  SELECT FROM appointment_pets ap JOIN pets p ON p.id = ap.pet_id
  WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id);
ALTER TABLE recordings ALTER pet_id SET NOT NULL, ADD FOREIGN KEY (pet_id) REFERENCES pets;
CREATE INDEX ON recordings (pet_id);
CREATE INDEX ON recordings (appointment_id);
UPDATE recordings SET created_at = now() - interval '1 hour'
"""
LOSE_A_PET = """UPDATE recordings SET pet_id = NULL, appointment_id = NULL WHERE id = (
    SELECT r.id FROM recordings r JOIN appointment_pets ap USING (appointment_id, pet_id) LIMIT 1)
"""
Shell = Callable[..., Completed]


@pytest.fixture
def shell(clinic: Database, forks: Forks, tmp_path: Path) -> Shell:
    """Run a script with `petrec` on the path, against the clinic."""
    programs = tmp_path / "bin"
    programs.mkdir()
    forks.write_program(programs / "petrec")

    def run(script: str, **extra: str) -> Completed:
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["sh", "-euc", script], cwd=tmp_path, text=True, capture_output=True, check=False,
            env=environment(PETREC_DATABASE_URL=clinic.dsn, **extra) | {"PATH": path},
        )  # fmt: skip
        return Completed(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def known(shell: Shell) -> None:
    """A committed baseline."""
    written = shell("petrec validate --baseline petrec-baseline.txt --update-baseline")
    assert written.code == 0, written.err


def lines_of(document: str) -> str:
    """Return the script of an example's validating step."""
    parsed = yaml.safe_load((EXAMPLES / document).read_text())
    if document.startswith("gitlab"):
        return "\n".join(parsed["petrec"]["script"])
    steps = parsed["jobs"]["petrec"]["steps"]
    return next(str(step["run"]) for step in steps if step.get("name") == "Validate")


def test_the_example_for_github_fails_on_a_new_finding(
    shell: Shell, clinic: Database, tmp_path: Path, known: None
) -> None:
    script, summary = lines_of("github-actions.yml"), tmp_path / "summary.md"
    passed = shell(script, GITHUB_STEP_SUMMARY=str(summary))
    assert (passed.code, "::error" in passed.out) == (0, False)
    clinic.execute(LOSE_A_PET)
    ended = shell(script, GITHUB_STEP_SUMMARY=str(summary))
    assert ended.code == 1
    assert ended.out.count("::error ") == 1
    assert "1 new recording: the pet is missing" in ended.out
    assert summary.read_text().count("## petrec validate") == 2


def test_the_action_validates_with_the_options_given(shell: Shell, clinic: Database) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = next(step["run"] for step in action["runs"]["steps"] if step.get("name") == "Validate")
    given = action["inputs"]["arguments"]["default"]
    ended = shell(script, ARGUMENTS=given)
    assert (ended.code, "::error" in ended.out) == (1, True)
    assert shell(script, ARGUMENTS=f"{given} --fail-level nothing").code == 2


def test_the_example_for_gitlab_fails_on_a_new_finding(
    shell: Shell, clinic: Database, tmp_path: Path, known: None
) -> None:
    script = lines_of("gitlab-ci.yml")
    parsed = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())
    report = tmp_path / parsed["petrec"]["artifacts"]["reports"]["junit"]
    assert shell(script).code == 0
    assert ET.parse(report).getroot().get("failures") == "0"
    clinic.execute(LOSE_A_PET)
    assert shell(script).code == 1
    assert ET.parse(report).getroot().get("failures") == "1"


def test_the_script_before_a_deployment_works(
    shell: Shell, clinic: Database, tmp_path: Path
) -> None:
    script = EXAMPLES / "pre-deploy.sh"
    assert os.access(script, os.X_OK)
    (tmp_path / "petrec-expect.toml").write_text((EXAMPLES / "petrec-expect.toml").read_text())
    clinic.execute(SOUND)
    clinic.execute("UPDATE recordings SET pet_id = (SELECT pet_id FROM appointment_pets ap"
                   " WHERE ap.appointment_id = recordings.appointment_id LIMIT 1)")  # fmt: skip
    (tmp_path / "petrec.toml").write_text('[validate.rules]\nowner_differs = "off"\n')
    passed = shell(shlex.quote(str(script)))
    assert (passed.code, passed.out, passed.err) == (0, "", "")
    clinic.execute("ALTER TABLE recordings ALTER pet_id DROP NOT NULL")
    ended = shell(shlex.quote(str(script)))
    assert ended.code == 1
    assert "not null recordings(pet_id)" in ended.out
    clinic.execute("TRUNCATE recordings; ALTER TABLE recordings ALTER pet_id SET NOT NULL")
    assert shell(shlex.quote(str(script))).code == 0


def test_the_page_shows_settings_that_load(shell: Shell, clinic: Database, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "validate.md").read_text()
    (tmp_path / "petrec.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    (tmp_path / "petrec-expect.toml").write_text((EXAMPLES / "petrec-expect.toml").read_text())
    assert shell("petrec validate --update-baseline").code == 1
    clinic.execute(SOUND)
    assert shell("petrec validate").code == 0


EMPTY = "TRUNCATE recordings"
QUIET = "UPDATE recordings SET created_at = now() - interval '90 days'"


@pytest.mark.parametrize("day", [EMPTY, QUIET])
def test_the_pipelines_on_quiet_days_and_empty_databases(
    shell: Shell, clinic: Database, tmp_path: Path, known: None, day: str
) -> None:
    (tmp_path / "petrec-expect.toml").write_text('indexes = ["recordings(appointment_id)"]')
    clinic.execute("CREATE INDEX ON recordings (appointment_id)")
    clinic.execute(day)
    github = shell(lines_of("github-actions.yml"))
    gitlab = shell(lines_of("gitlab-ci.yml"))
    deployment = shell(shlex.quote(str(EXAMPLES / "pre-deploy.sh")))
    assert (gitlab.code, deployment.code) == (0, 0), gitlab.err + deployment.err
    report = ET.parse(tmp_path / "petrec.xml").getroot()
    assert (report.get("failures"), report.get("errors")) == ("0", "0")
    if day is QUIET:
        assert (github.code, "::error" in github.out) == (0, False)
        return
    assert github.code == 5
    (annotation,) = [line for line in github.out.splitlines() if line.startswith("::error")]
    assert "title=petrec nothing_checked::there is no recording" in annotation
    assert "--allow-empty" in annotation


BROKEN = {
    2: ("DROP TABLE appointment_pets", "usage", "appointment_pets"),
    3: ("REVOKE SELECT ON pets FROM ci_{name}", "undetermined", "GRANT SELECT"),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("command", ["audit", "validate"])
@pytest.mark.parametrize("code", BROKEN)
def test_what_cannot_be_decided_is_annotated_and_reported(
    petrec: Petrec, clinic: Database, tmp_path: Path, code: int, command: str
) -> None:
    change, rule, word = BROKEN[code]
    clinic.execute(f"CREATE ROLE ci_{clinic.name} LOGIN")
    clinic.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO ci_{clinic.name}")
    clinic.execute(change.replace("{name}", clinic.name))
    dsn, summary = clinic.cluster.dsn(clinic.name, f"ci_{clinic.name}"), tmp_path / "summary.md"
    github = petrec(command, "--format", "github", dsn=dsn, GITHUB_STEP_SUMMARY=str(summary))
    assert github.code == code
    (annotation,) = [line for line in github.out.splitlines() if line.startswith("::")]
    assert annotation.startswith(f"::error title=petrec {rule}::")
    assert word in annotation
    assert word in github.err
    assert f"exit code {code}" in summary.read_text()
    junit = petrec(command, "--format", "junit", "--output", "petrec.xml", dsn=dsn)
    report = ET.parse(tmp_path / "petrec.xml").getroot()
    assert (junit.code, report.get("errors"), report.get("failures")) == (code, "1", "0")
    (error,) = report.iter("error")
    assert word in (error.text or "")


def test_a_server_that_is_not_there_is_annotated_without_the_password(petrec: Petrec) -> None:
    ended = petrec("validate", "--format", "github", dsn="postgresql://x:s3cret@127.0.0.1:1/x")
    assert ended.code == 3
    assert ended.out.startswith("::error title=petrec undetermined::")
    assert "s3cret" not in ended.out


def test_other_formats_hold_results_alone(petrec: Petrec) -> None:
    for output_format in ("table", "json", "csv", "markdown"):
        ended = petrec("validate", "--format", output_format, dsn="host=127.0.0.1 port=1")
        assert (ended.code, ended.out) == (3, "")
