"""The metrics of a fleet while a server is down: those of its schemas stay, and are down."""

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from petrec.errors import ConnectionFailedError, ExitCode
from petrec.features.report.prometheus import sample_lines
from petrec.operations.fleet.metrics import FleetMetrics
from petrec.operations.fleet.result import FleetResult, TargetOutcome, TargetState
from petrec.operations.fleet.targets import FleetTarget

DOWN = FleetTarget(
    "db1/gone/ward_*,clinic_*",
    problem=ConnectionFailedError("connection refused"),
    database="gone",
    stands_for=("db1/gone/ward_*", "db1/gone/clinic_*"),
)
SERIES = 'petrec_{}{{target="{}",database="gone",table="{}.recordings"}} {}'


def series(metric: str, target: str, value: str) -> str:
    return SERIES.format(metric, target.replace("\\", r"\\"), target.rpartition("/")[2], value)


def outcome(target: str) -> TargetOutcome:
    return TargetOutcome(target, ExitCode.UNDETERMINED, TargetState.FAILED, "connection refused")


@pytest.mark.parametrize("schema", ["clinic_a", "clinic_\\b", "ward_7"])
def test_the_schemas_of_a_server_that_is_down_keep_their_series(
    tmp_path: Path, schema: str
) -> None:
    file, mine = tmp_path / "all.prom", f"db1/gone/{schema}"
    others = ("db2/gone/clinic_a", "db1/gone/lab_a")
    before = [series("up", each, "1") for each in (mine, *others)]
    before.append(series("recordings", mine, "2000"))
    file.write_text("".join(f"{line}\n" for line in before))
    FleetMetrics(file, [DOWN]).write(FleetResult(of="report", targets=(outcome(DOWN.name),)))
    written = file.read_text().splitlines()
    assert series("up", mine, "0") in written
    assert series("recordings", mine, "2000") in written
    assert f'petrec_up{{target="{DOWN.name}",database="gone",table=""}} 0' in written
    assert not [line for line in written if any(each in line for each in others)]


def test_a_target_that_has_an_outcome_of_its_own_is_not_told_twice(tmp_path: Path) -> None:
    file, mine = tmp_path / "all.prom", "db1/gone/clinic_a"
    file.write_text(series("up", mine, "1") + "\n")
    both = [DOWN, FleetTarget(mine, database="gone", table="clinic_a.recordings")]
    result = FleetResult(of="report", targets=tuple(outcome(each.name) for each in both))
    FleetMetrics(file, both).write(result)
    assert file.read_text().count(f'petrec_up{{target="{mine}"') == 1


def test_a_server_that_is_named_twice_keeps_each_series_once(tmp_path: Path) -> None:
    file, mine = tmp_path / "all.prom", "db1/gone/clinic_a"
    file.write_text(series("up", mine, "1") + "\n")
    both = [DOWN, replace(DOWN, name=f"{DOWN.name} (2)")]
    result = FleetResult(of="report", targets=tuple(outcome(each.name) for each in both))
    FleetMetrics(file, both).write(result)
    assert file.read_text().count(f'petrec_up{{target="{mine}"') == 1


@pytest.mark.parametrize("odd", ['"', "\\", "\n", "\r", "\u2028", "\x85", "\x1c", "}", "{,", "# é"])
def test_series_of_odd_names_survive_a_failure_whole(tmp_path: Path, odd: str) -> None:
    file, schema = tmp_path / "all.prom", f"a{odd}b"
    target = FleetTarget(f"db1/clinics/{schema}", schema, database="clinics")
    labels = {"target": target.name, "database": "clinics", "table": f"{schema}.recordings"}
    before = [
        *sample_lines("petrec_up", [(labels, 1)]),
        *sample_lines("petrec_recordings", [(labels, 7)]),
    ]
    file.write_bytes("".join(before).encode())
    for _ in range(2):
        FleetMetrics(file, [target]).write(
            FleetResult(of="report", targets=(outcome(target.name),))
        )
    samples = [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(file.read_bytes().decode())
        for sample in family.samples
        if sample.name != "petrec_last_run_timestamp_seconds"
    ]
    assert samples == [("petrec_up", labels, 0), ("petrec_recordings", labels, 7)]
