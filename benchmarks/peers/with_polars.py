"""All questions in polars, which reads the columns that they need over ADBC."""

import json
import sys

import polars as pl

COLUMNS = {
    "recordings": ("pet_id", "appointment_id", "visit_id"),
    "pets": ("id", "owner_id"),
    "appointments": ("id", "pet_owner_id"),
    "appointment_pets": ("appointment_id", "pet_id"),
    "visits": ("id", "pet_id", "appointment_id"),
}


def ask(dsn: str) -> dict[str, int]:
    """Return the answers by name."""
    judged = _judged(_joined({name: _read(dsn, name) for name in COLUMNS}))
    answers = dict(judged["kind"].value_counts().iter_rows())
    flags = judged.select(pl.len().alias("total"), pl.exclude("kind").sum())
    return answers | flags.row(0, named=True)


def _read(dsn: str, table: str) -> pl.DataFrame:
    # As text, since the driver knows no uuid.
    columns = ", ".join(f"{column}::text" for column in COLUMNS[table])
    return pl.read_database_uri(f"SELECT {columns} FROM {table}", dsn, engine="adbc")


def _joined(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    pets = tables["pets"].with_columns(pet_exists=True)
    places = tables["appointments"].with_columns(place_exists=True)
    links = tables["appointment_pets"].with_columns(linked=True)
    known = links.join(pets, left_on="pet_id", right_on="id", how="left")
    listed = known.group_by("appointment_id").agg(
        pl.len().alias("listed"), pl.col("pet_exists").fill_null(value=False).sum().alias("known")
    )
    visits = tables["visits"].rename({"pet_id": "visit_pet", "appointment_id": "visit_place"})
    rows = tables["recordings"].join(visits, left_on="visit_id", right_on="id", how="left")
    rows = rows.with_columns(asked=pl.coalesce("pet_id", "visit_pet"))
    rows = rows.join(pets, left_on="asked", right_on="id", how="left")
    rows = rows.join(places, left_on="appointment_id", right_on="id", how="left")
    pair = ["appointment_id", "asked"]
    rows = rows.join(links.rename({"pet_id": "asked"}), on=pair, how="left")
    rows = rows.join(listed, on="appointment_id", how="left")
    flags = [pl.col(name).fill_null(value=False) for name in ("pet_exists", "place_exists")]
    return rows.with_columns(*flags, pl.col("linked").fill_null(value=False))


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    pet, place = pl.col("pet_id").is_not_null(), pl.col("appointment_id").is_not_null()
    exists, linked = pl.col("pet_exists"), pl.col("linked")
    placed = ~place | pl.col("place_exists")
    differs = (pl.col("visit_pet") != pl.col("pet_id")).fill_null(value=False)
    differs |= (pl.col("visit_place") != pl.col("appointment_id")).fill_null(value=False)
    unlisted = pl.col("place_exists") & pl.col("visit_pet").is_not_null() & ~linked
    differs |= ~pet & unlisted
    only = ((pl.col("listed") == 1) & (pl.col("known") == 1)).fill_null(value=False)
    kind = (
        pl.when(pet & ~exists).then(pl.lit("dangling_pet"))
        .when(pet & ~placed).then(pl.lit("dangling_appointment"))
        .when(pet & place & ~linked).then(pl.lit("mismatched"))
        .when(~placed).then(pl.lit("missing_dangling_appointment"))
        .when(differs).then(pl.lit("visit_conflict"))
        .when(pet).then(pl.lit("ok"))
        .when(exists | only).then(pl.lit("missing_inferable"))
        .when(~place).then(pl.lit("missing_no_appointment"))
        .when((pl.col("known") > 0).fill_null(value=False)).then(pl.lit("missing_ambiguous"))
        .otherwise(pl.lit("missing_no_pets"))
    )  # fmt: skip
    owners = (pl.col("owner_id") != pl.col("pet_owner_id")).fill_null(value=False)
    return rows.select(
        kind=kind,
        with_pet=pet,
        invalid=place & ~(pet & linked),
        owner_differs=pet & owners,
    )


if __name__ == "__main__":
    print("\n" + json.dumps(ask(sys.argv[1])))
