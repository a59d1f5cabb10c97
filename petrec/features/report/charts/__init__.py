"""Charts as SVG, drawn by pure functions; colours come from the page's variables."""

from petrec.features.report.charts.days import rejected_chart, uploads_chart
from petrec.features.report.charts.findings import findings_chart
from petrec.features.report.charts.moves import moves_chart
from petrec.features.report.charts.spark import rate_bar, sparkline

__all__ = [
    "findings_chart",
    "moves_chart",
    "rate_bar",
    "rejected_chart",
    "sparkline",
    "uploads_chart",
]
