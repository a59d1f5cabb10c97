"""The files of one table must have the same columns: a column that one of them lacks is refused.

Engines read NULL in its place, which would be counted as lost pets.
"""

from collections.abc import Collection, Mapping

from petrec.errors import SchemaMismatchError

# By path, the columns of a file with PostgreSQL's names of their types.
FileTypes = Mapping[str, Mapping[str, str]]


def types_of_all(table: str, files: FileTypes, needed: Collection[str]) -> dict[str, str]:
    """Return the columns of a table's files, by path; `needed` must be in all or in none.

    Errors: SchemaMismatchError.
    """
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for path, types in files.items():
        for column, kind in types.items():
            if found.setdefault(column, kind) != kind:
                raise _of_two_types(table, column, {first[column]: found[column], path: kind})
            first.setdefault(column, path)
    for path, types in files.items():
        for column in sorted(first.keys() & set(needed) - types.keys()):
            raise SchemaMismatchError(
                f"{path} has no column {column}, but {first[column]} has",
                hint="write all files of a table with the same columns, even if all are empty",
            )
    return found


def _of_two_types(table: str, column: str, kinds: Mapping[str, str]) -> SchemaMismatchError:
    (one, mine), (other, theirs) = kinds.items()
    return SchemaMismatchError(
        f"{table}.{column} is {mine} in {one} but {theirs} in {other}",
        hint="write it with one type in all files",
    )
