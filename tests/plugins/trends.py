"""Series of findings, a point a day."""

from datetime import date, timedelta

from petrec.features.report.result import TrendPoint

FIRST = date(2025, 1, 1)


def points(values: list[int]) -> list[TrendPoint]:
    return [
        TrendPoint(FIRST + timedelta(days=n), value, {}, 0, 0, 0) for n, value in enumerate(values)
    ]
