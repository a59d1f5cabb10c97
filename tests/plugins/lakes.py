"""Files of a small clinic."""

from pathlib import Path

import duckdb

from tests.plugins.random_clinics import TABLES, Clinic, Rows, written

COLUMNS = {
    "pets": "id INT, owner_id INT, counts BOOLEAN",
    "appointments": "id INT, pet_owner_id INT, counts BOOLEAN",
    "appointment_pets": "appointment_id INT, pet_id INT, counts BOOLEAN",
    "visits": "id INT, pet_id INT, appointment_id INT, counts BOOLEAN",
    "recordings": "id INT, pet_id INT, appointment_id INT, visit_id INT, counts BOOLEAN",
}


def write_clinic(directory: Path, clinic: Clinic) -> None:
    """Write the tables of a random clinic as Parquet, those that do not count too."""
    with duckdb.connect() as connection:
        for table, name in zip(TABLES, Rows.__dataclass_fields__, strict=True):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS[table]})")
            counted, hidden = getattr(clinic, name), getattr(clinic.hidden, name)
            marks = [True] * len(counted) + [(None, False)[n % 2] for n in range(len(hidden))]
            for n, (row, mark) in enumerate(zip([*counted, *hidden], marks, strict=True), 1):
                values = [*written(clinic, table, n, row), mark]
                places = ", ".join("?" * len(values))
                connection.execute(f"INSERT INTO {table} VALUES ({places})", values).fetchall()
            connection.table(table).write_parquet(str(directory / f"{table}.parquet"))
