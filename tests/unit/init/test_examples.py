"""The example files are what the programs that read them take."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from petrec.features.init.examples import Example, example_files


def written(example: Example, directory: Path) -> list[Path]:
    paths = []
    for name, text in example_files(example):
        paths.append(directory / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def checked(*command: str | Path) -> str:
    """Return what a program says of files, skipping the test where it is not installed."""
    program = shutil.which(str(command[0]))
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    ended = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("example", Example)
def test_every_example_has_files_with_text(example: Example) -> None:
    files = example_files(example)
    assert files
    assert all(text.strip() for _, text in files)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    # The program itself lies elsewhere on a user's machine.
    units = written(Example.SYSTEMD, tmp_path)
    for unit in units:
        lines = unit.read_text().splitlines()
        kept = ["ExecStart=/bin/true" if each.startswith("ExecStart=") else each for each in lines]
        unit.write_text("\n".join(kept))
    said = checked("systemd-analyze", "verify", "--man=no", *units)
    assert not [line for line in said.splitlines() if "petrec" in line], said


def test_prometheus_takes_the_alerts(tmp_path: Path) -> None:
    assert "SUCCESS" in checked("promtool", "check", "rules", *written(Example.ALERTS, tmp_path))


@pytest.mark.parametrize("example", [Example.GITHUB, Example.GITLAB])
def test_pipelines_are_yaml_with_jobs(example: Example) -> None:
    for _, text in example_files(example):
        assert isinstance(yaml.safe_load(text), dict)


def test_the_dashboard_is_json_with_panels() -> None:
    [(_, text)] = example_files(Example.GRAFANA)
    assert json.loads(text)["panels"]
