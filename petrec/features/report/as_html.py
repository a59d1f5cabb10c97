"""The report as one page: no script, no network, inline charts; light, dark and print styles."""

from importlib.resources import files
from typing import Any, TextIO

from markupsafe import Markup

from petrec.features.audit.origins.result import Origins
from petrec.features.report.charts import (
    findings_chart,
    moves_chart,
    rate_bar,
    rejected_chart,
    sparkline,
    uploads_chart,
)
from petrec.features.report.charts.days import window
from petrec.features.report.page import environment, moment
from petrec.features.report.result import Movement, ReportResult
from petrec.rules import Repair

_MOST_KINDS = 3
SIGNS = {"better": "↘", "worse": "↗", "steady": "→", "clean": "✓", "unknown": "•"}


def write(result: ReportResult, out: TextIO) -> None:
    """Write the page."""
    style = (
        files("petrec.features.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    )
    # The style sheet is petrec's own; nothing of the database's is in it.
    content = facts(result) | _charts(result) | {"style": Markup(style.strip())}  # noqa: S704
    out.write(environment().get_template("report.html.j2").render(content) + "\n")


def facts(result: ReportResult) -> dict[str, Any]:
    """Return the values that every template needs."""
    names = ("audit", "verdict", "window_days", "uploads", "rejected", "examples", "history",
             "runs", "weekly", "backfills", "trend", "remarks",
             "files", "master")  # fmt: skip
    audit, uploads, rejected = result.audit, result.uploads or (), result.rejected or ()
    since = result.compared_with
    return {name: getattr(result, name) for name in names} | {
        "sign": SIGNS[result.verdict.direction],
        "repairable": sum(k.count for k in audit.kinds if k.repair == Repair.BACKFILL),
        "moved": None if result.moved is None else sum(result.moved.values(), Movement()),
        "compared": f"since {moment(since)}" if since else "this is the first",
        "uploaded": sum(day.uploaded for day in uploads),
        "uploads_total": sum(day.total for day in uploads),
        "rejected_total": sum(day.count for day in rejected),
    }


def _origins(origins: Origins | None) -> list[dict[str, Any]]:
    """Return the lines of the table by value, with their bars."""
    if origins is None:
        return []
    most = max((value.high for value in origins.values), default=0.0)
    return [
        {
            "value": value,
            "standout": origins.standout(value),
            "bar": rate_bar(value.percent, value.low, value.high, most),
            "kinds": sorted(value.kinds.items(), key=lambda kind: -kind[1])[:_MOST_KINDS],
        }
        for value in origins.values
    ]


def _charts(result: ReportResult) -> dict[str, Any]:
    days = window(result.audit.taken_at, result.window_days)
    moving = any(point.new or point.fixed or point.reappeared for point in result.trend)
    return {
        "findings_chart": findings_chart(result.trend, result.verdict, result.backfills),
        "moves_chart": moves_chart(result.trend) if moving else "",
        "uploads_chart": uploads_chart(result.uploads or (), days),
        "rejected_chart": rejected_chart(result.rejected or (), days),
        "origins": _origins(result.audit.origins),
        "kinds": [
            {
                "kind": kind,
                "moved": result.movement(kind.id),
                "spark": sparkline([p.counts.get(kind.id, 0) for p in result.trend], kind.id),
            }
            for kind in result.audit.finding_kinds
        ],
    }
