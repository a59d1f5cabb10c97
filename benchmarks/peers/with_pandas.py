"""All questions in pandas, which reads the columns that they need over SQLAlchemy."""

import json
import sys

import pandas as pd
from sqlalchemy import Engine, create_engine

COLUMNS = {
    "recordings": ("pet_id", "appointment_id", "visit_id"),
    "pets": ("id", "owner_id"),
    "appointments": ("id", "pet_owner_id"),
    "appointment_pets": ("appointment_id", "pet_id"),
    "visits": ("id", "pet_id", "appointment_id"),
}


def ask(dsn: str) -> dict[str, int]:
    """Return the answers by name."""
    engine = create_engine(dsn.replace("postgresql:", "postgresql+psycopg2:"))
    rows = _joined({name: _read(engine, name) for name in COLUMNS})
    pet, place = rows["pet_id"].notna(), rows["appointment_id"].notna()
    answers = {str(kind): int(count) for kind, count in _kinds(rows, pet, place).items()}
    owners = rows["owner_id"].notna() & rows["pet_owner_id"].notna()
    return answers | {
        "total": len(rows),
        "with_pet": int(pet.sum()),
        "invalid": int((place & ~(pet & rows["linked"])).sum()),
        "owner_differs": int((pet & owners & (rows["owner_id"] != rows["pet_owner_id"])).sum()),
    }


def _read(engine: Engine, table: str) -> pd.DataFrame:
    # Text is hashed faster than objects of Python's UUID.
    columns = ", ".join(f"{column}::text" for column in COLUMNS[table])
    return pd.read_sql(f"SELECT {columns} FROM {table}", engine, dtype="str")


def _joined(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    pets = tables["pets"].assign(pet_exists=True).rename(columns={"id": "asked"})
    places = tables["appointments"].assign(place_exists=True)
    places = places.rename(columns={"id": "appointment_id"})
    links = tables["appointment_pets"].rename(columns={"pet_id": "asked"})
    known = links.merge(pets[["asked", "pet_exists"]], on="asked", how="left")
    known["pet_exists"] = known["pet_exists"].notna()
    listed = known.groupby("appointment_id").agg(
        listed=("pet_exists", "size"), known=("pet_exists", "sum")
    )
    names = {"id": "visit_id", "pet_id": "visit_pet", "appointment_id": "visit_place"}
    rows = tables["recordings"].merge(tables["visits"].rename(columns=names), "left", "visit_id")
    rows["asked"] = rows["pet_id"].fillna(rows["visit_pet"])
    # pandas joins missing values with each other; no row of the other side has one.
    rows = rows.merge(pets, "left", "asked").merge(places, "left", "appointment_id")
    rows = rows.merge(links.assign(linked=True), "left", ["appointment_id", "asked"])
    rows = rows.merge(listed, "left", left_on="appointment_id", right_index=True)
    for flag in ("pet_exists", "place_exists", "linked"):
        rows[flag] = rows[flag].notna()
    return rows


def _kinds(rows: pd.DataFrame, pet: pd.Series, place: pd.Series) -> pd.Series:
    exists, linked = rows["pet_exists"], rows["linked"]
    placed = ~place | rows["place_exists"]
    visited = rows["visit_pet"].notna()
    differs = (visited & pet & (rows["visit_pet"] != rows["pet_id"])) | (
        rows["visit_place"].notna() & place & (rows["visit_place"] != rows["appointment_id"])
    )
    differs |= ~pet & rows["place_exists"] & visited & ~linked
    only = (rows["listed"] == 1) & (rows["known"] == 1)
    kind = pd.Series("missing_no_pets", index=rows.index)
    # Each line is overruled by the next.
    for condition, name in (
        (rows["known"] > 0, "missing_ambiguous"),
        (~place, "missing_no_appointment"),
        (exists | only, "missing_inferable"),
        (pet, "ok"),
        (differs, "visit_conflict"),
        (~placed, "missing_dangling_appointment"),
        (pet & place & ~linked, "mismatched"),
        (pet & ~placed, "dangling_appointment"),
        (pet & ~exists, "dangling_pet"),
    ):
        kind = kind.mask(condition, name)
    return kind.value_counts()


if __name__ == "__main__":
    print("\n" + json.dumps(ask(sys.argv[1])))
