"""The files in reports/ work as they stand: with the real command and the real programs."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from petrec.features.report.result import ReportResult
from tests.integration.report.sample import SAMPLE
from tests.integration.report.test_prometheus import text_of
from tests.plugins.command import ROOT, Petrec, environment
from tests.plugins.databases import Database

REPORTS = ROOT / "reports"
METRIC = re.compile(r"\bpetrec_\w+")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def cron_command() -> str:
    lines = (REPORTS / "petrec.cron").read_text().splitlines()
    entries = [line for line in lines if re.match(r"[\d*]", line)]
    assert len(entries) == 1
    *when, user, command = entries[0].split(maxsplit=6)
    assert len(when) == 5
    assert all(re.fullmatch(r"[\d*/,-]+", part) for part in when)
    assert user == "petrec"
    assert "%" not in command  # cron would take it for a line break
    return command


def systemd_command() -> str:
    (line,) = re.findall(
        r"^ExecStart=(.*)$", (REPORTS / "petrec-report.service").read_text(), re.MULTILINE
    )
    return line.replace("${STATE_DIRECTORY}", "/var/lib/petrec")


def readme_command() -> str:
    return re.findall(r"^petrec report .*$", (REPORTS / "README.md").read_text(), re.MULTILINE)[0]


@pytest.mark.parametrize("command", [cron_command(), systemd_command(), readme_command()])
def test_command_lines_work(petrec: Petrec, clinic: Database, tmp_path: Path, command: str) -> None:
    name, *arguments = shlex.split(command)
    assert Path(name).name == "petrec"
    (tmp_path / "service.conf").write_text(
        f"[clinic]\nhost=127.0.0.1\nport={clinic.cluster.port}\nuser=postgres\ndbname={clinic.name}\n"
    )
    places = {"/var/lib/petrec": tmp_path, "/var/lib/prometheus/node-exporter": tmp_path}
    for place, instead in places.items():
        arguments = [argument.replace(place, str(instead)) for argument in arguments]
    by_service = "--service" in arguments
    ended = petrec(
        *arguments, dsn=None if by_service else clinic.dsn,
        PGSERVICEFILE=str(tmp_path / "service.conf"),
    )  # fmt: skip
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    named = [Path(a) for a in arguments if re.search(r"\.\w+$", a)]
    assert named
    for path in named:
        assert (tmp_path / path).stat().st_size > 500


def test_message_is_ready_for_sendmail(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    import email
    from email.policy import default

    assert petrec("report", "--email", "report.eml", dsn=clinic.dsn).code == 1
    text = "To: vets@clinic.example\n" + (tmp_path / "report.eml").read_text()
    message = email.message_from_string(text, policy=default)
    assert message["To"] == "vets@clinic.example"
    assert "708 of 2,000 recordings" in message["Subject"]
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert plain is not None
    assert "missing_inferable" in plain.get_content()
    assert html is not None
    assert "<table" in html.get_content()


def test_units_are_valid(tmp_path: Path) -> None:
    verify = program("systemd-analyze")
    real = tmp_path / "petrec"  # a unit's command cannot hold a space, a checkout's path may
    real.symlink_to(shutil.which("petrec", path=str(Path(sys.executable).parent)) or sys.executable)
    for name in ("petrec-report.service", "petrec-report.timer"):
        text = (REPORTS / name).read_text().replace("/usr/local/bin/petrec", str(real))
        (tmp_path / name).write_text(text.replace("User=petrec\n", "User=root\n"))
    files = [str(tmp_path / name) for name in ("petrec-report.service", "petrec-report.timer")]
    ended = subprocess.run(
        [verify, "verify", "--man=no", *files], capture_output=True, text=True, check=False
    )
    mine = [line for line in ended.stderr.splitlines() if "petrec-report" in line]
    assert mine == []


def test_alerts_fire_where_they_should(tmp_path: Path, sample: ReportResult) -> None:
    text = (REPORTS / "alerts.yml").read_text()
    assert set(METRIC.findall(text)) <= metrics(sample)
    tests = (Path(__file__).parent / "alerts_test.yml").read_text()
    assert set(re.findall(r"- alert: (\w+)", text)) == set(re.findall(r"alertname: (\w+)", tests))
    promtool = program("promtool")
    (tmp_path / "alerts.yml").write_text(text)
    (tmp_path / "tests.yml").write_text(tests)
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "tests.yml"]):
        ended = subprocess.run(
            [promtool, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def metrics(sample: ReportResult) -> set[str]:
    return set(METRIC.findall(re.sub(r"\{.*?\}", "", text_of(sample))))


def test_dashboard_uses_metrics_that_exist(sample: ReportResult) -> None:
    board = json.loads((REPORTS / "grafana-dashboard.json").read_text())
    expressions = [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    named = set(METRIC.findall(" ".join(expressions)))
    left_out = {"petrec_last_run_timestamp_seconds"}
    assert named == metrics(sample) - left_out
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [
        (x, y)
        for panel in board["panels"]
        for g in [panel["gridPos"]]
        for x in range(g["x"], g["x"] + g["w"])
        for y in range(g["y"], g["y"] + g["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_queries_agree_with_the_report(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    clinic.execute(
        "UPDATE recordings SET created_at = now() - (now() - created_at)"
        " + (SELECT now() - max(created_at) FROM recordings)"
    )
    clinic.execute("UPDATE api_logs SET created_at = now() - (id % 9) * interval '20 hours'")
    assert petrec("report", "--json", "r.json", dsn=clinic.dsn).code == 1
    result = msgspec.json.decode((tmp_path / "r.json").read_bytes(), type=ReportResult)
    text = (REPORTS / "queries.sql").read_text()
    found = dict(re.findall(r"-- name: (\w+)\n(.*?;)", text, re.DOTALL))
    answers = {name: clinic.execute(query) for name, query in found.items()}
    assert answers["missing_pet_id"] == [(result.audit.guide.missing_pet_id,)]
    assert answers["invalid_associations"] == [(result.audit.guide.invalid_associations,)]
    uploads = [(day.day, day.total, day.uploaded) for day in result.uploads or ()]
    assert answers["uploads_per_day"] == uploads != []
    rejected = [(day.day, day.count) for day in result.rejected or ()]
    assert answers["rejected_per_day"] == rejected != []


def test_the_sample_page_is_what_its_json_gives(petrec: Petrec, tmp_path: Path) -> None:
    ended = petrec(
        "report", "--from", str(SAMPLE), "--html", "sample.html", "--fail-level", "never"
    )
    assert (ended.code, ended.err) == (0, "")
    assert (tmp_path / "sample.html").read_text() == (REPORTS / "sample.html").read_text()


@pytest.mark.full
def test_the_sample_is_what_the_simulation_gives(tmp_path: Path) -> None:
    target = tmp_path / "sample.json"
    command = [sys.executable, "-m", "tests.integration.report.sample", str(target)]
    subprocess.run(command, check=True, env=environment(), cwd=ROOT)
    versions = re.compile(r'"server_version": "[^"]*"')
    assert versions.sub("", target.read_text()) == versions.sub("", SAMPLE.read_text())
