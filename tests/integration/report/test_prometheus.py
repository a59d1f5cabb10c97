"""The metrics: whole at any moment, complete, valid, and true after a failure."""

import io
import re
import shutil
import subprocess
import threading
from pathlib import Path

import msgspec
import pytest

from petrec.features.report import METRICS_MODE, ReportFile, prometheus, publication
from petrec.features.report.result import ReportResult
from petrec.rules import FINDINGS
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

SAMPLE_LINE = re.compile(r'^(\w+)(\{(\w+="(\\.|[^"\\])*",?)*\})? (\S+)$')


def text_of(result: ReportResult) -> str:
    out = io.StringIO()
    prometheus.write(result, out)
    return out.getvalue()


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    matches = [SAMPLE_LINE.match(line) for line in lines]
    assert all(matches), text
    return {m[1] + (m[2] or ""): float(m[5]) for m in matches if m}


def value(text: str, name: str, label: str = "") -> float:
    found = [v for k, v in values(text).items() if k.startswith(name + "{") and label in k]
    assert len(found) == 1, (name, label)
    return found[0]


def promtool(text: str) -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    ended = subprocess.run(
        [program, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_every_rule_has_its_zero(sample: ReportResult) -> None:
    text = text_of(sample)
    for name in ("petrec_findings", "petrec_findings_new", "petrec_findings_fixed"):
        for kind in FINDINGS:
            value(text, name, f'kind="{kind.id}"')
    assert value(text, "petrec_findings", 'kind="visit_conflict"') == 0
    assert value(text, "petrec_findings", 'kind="missing_ambiguous"') == sample.audit.count(
        "missing_ambiguous"
    )
    assert value(text, "petrec_up") == 1
    assert not any(re.search(r"\d \d{10,}$", line) for line in text.splitlines())


def test_promtool_finds_nothing(sample: ReportResult) -> None:
    assert promtool(text_of(sample)) == ""
    assert promtool(prometheus.after_failure("", sample.audit.taken_at)) == ""
    assert promtool(prometheus.after_failure(text_of(sample), sample.audit.taken_at)) == ""


def test_odd_names_are_escaped(sample: ReportResult) -> None:
    odd = msgspec.structs.replace(sample.audit, database='a"b\\c\nd', table='"vet data"."x{y}"')
    text = text_of(msgspec.structs.replace(sample, audit=odd))
    assert len(values(text)) == len(values(text_of(sample)))
    promtool(text)


def test_failure_keeps_the_last_success(petrec: Petrec, clinic: Database, out: Path) -> None:
    files = ("--prometheus", "out/petrec.prom", "--json", "out/r.json", "--mode", "640")
    arguments = ("report", *files)
    assert petrec(*arguments, dsn=clinic.dsn).code == 1
    assert (out / "r.json").stat().st_mode & 0o777 == 0o640
    good = (out / "petrec.prom").read_text()
    clinic.execute("ALTER TABLE recordings RENAME TO gone")
    assert petrec(*arguments, dsn=clinic.dsn).code == 2
    bad = (out / "petrec.prom").read_text()
    # node_exporter, which is another user, may read it still.
    assert (out / "petrec.prom").stat().st_mode & 0o777 == 0o644
    assert promtool(bad) == ""
    changed = {k for k, v in values(bad).items() if values(good)[k] != v}
    assert {k.split("{")[0] for k in changed} == {"petrec_up", "petrec_last_run_timestamp_seconds"}
    assert values(bad).keys() == values(good).keys()
    assert value(bad, "petrec_up") == 0
    assert value(bad, "petrec_last_run_timestamp_seconds") > value(
        bad, "petrec_last_success_timestamp_seconds"
    )
    clinic.execute("ALTER TABLE gone RENAME TO recordings")
    assert petrec(*arguments, dsn=clinic.dsn).code == 1
    again = (out / "petrec.prom").read_text()
    assert value(again, "petrec_up") == 1
    assert value(again, "petrec_last_success_timestamp_seconds") > value(
        good, "petrec_last_success_timestamp_seconds"
    )


def test_failure_of_the_very_first_run(petrec: Petrec, out: Path) -> None:
    ended = petrec("report", "--prometheus", "out/p.prom", dsn="postgresql://u@127.0.0.1:1/x")
    assert ended.code == 3
    text = (out / "p.prom").read_text()
    assert promtool(text) == ""
    assert values(text)["petrec_up"] == 0
    assert "last_success" not in text


def test_optional_parts_may_be_absent(sample: ReportResult) -> None:
    without = msgspec.structs.replace(sample, uploads=None, rejected=None, moved=None)
    text = text_of(without)
    assert "petrec_uploads" not in text
    assert "petrec_rejected" not in text
    assert value(text, "petrec_findings_new", 'kind="mismatched"') == 0


def test_ten_thousand_reads_see_no_half_file(sample: ReportResult, tmp_path: Path) -> None:
    path = tmp_path / "petrec.prom"
    other = msgspec.structs.replace(
        sample, audit=msgspec.structs.replace(sample.audit, total=123_456_789)
    )
    versions = (sample, other)
    whole = {text_of(version) for version in versions}
    failures: list[str] = []
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with publication([ReportFile(path, prometheus.write, METRICS_MODE)]) as publish:
                publish(versions[number % 2])

    seen: set[str] = set()

    def read() -> None:
        for _ in range(1_250):
            text = path.read_text()
            seen.add(text)
            if text not in whole:
                failures.append(text)

    with publication([ReportFile(path, prometheus.write, METRICS_MODE)]) as publish:
        publish(sample)
    writer = threading.Thread(target=write)
    readers = [threading.Thread(target=read) for _ in range(8)]
    for thread in (writer, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    done.set()
    writer.join()
    assert failures == []
    assert seen == whole
    assert list(tmp_path.iterdir()) == [path]
