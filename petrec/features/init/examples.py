"""Example files for jobs, pipelines and dashboards."""

from enum import StrEnum
from pathlib import Path


class Example(StrEnum):
    """An example that a user may want besides the settings."""

    GITHUB = "github"
    GITLAB = "gitlab"
    CRON = "cron"
    SYSTEMD = "systemd"
    ALERTS = "alerts"
    GRAFANA = "grafana"


_FILES: dict[Example, tuple[str, ...]] = {
    Example.GITHUB: ("docs/ci/github-actions.yml",),
    Example.GITLAB: ("docs/ci/gitlab-ci.yml",),
    Example.CRON: ("reports/petrec.cron",),
    Example.SYSTEMD: ("reports/petrec-report.service", "reports/petrec-report.timer"),
    Example.ALERTS: ("reports/alerts.yml",),
    Example.GRAFANA: ("reports/grafana-dashboard.json",),
}


def example_files(example: Example) -> list[tuple[str, str]]:
    """Return names and texts: from an installed package, else from the source tree."""
    package = Path(__file__).parents[2]
    root = package if (package / "reports").is_dir() else package.parent
    paths = [root / file for file in _FILES[example]]
    return [(path.name, path.read_text(encoding="utf-8")) for path in paths]
