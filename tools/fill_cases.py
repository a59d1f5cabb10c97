"""Fill a CSV of cases in, as a reviewer would who takes the first candidate of each."""

import csv
import sys
from pathlib import Path


def decide(path: Path) -> None:
    """Decide every case of a file, in place."""
    with path.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    for row in rows:
        row["reviewer"] = "Dr. Kim"
        row["decision"] = "1" if row["candidates"] else "cannot tell"
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    decide(Path(sys.argv[1]))
