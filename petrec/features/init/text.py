"""A proposal as the text of petrec.toml."""

import json
from collections.abc import Iterator

from petrec.features.init.propose import Proposal


def settings_text(proposal: Proposal) -> str:
    """Return the file; an open name is a comment that lists the candidates."""
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    yield "# Written by `petrec init`. `petrec doctor` checks it against the database."
    yield "[mapping]"
    yield f"schema = {_quoted(proposal.schema)}"
    renamed = {name: table for name, table in proposal.tables.items() if name != table}
    open_tables = [name for name in proposal.open if "." not in name]
    if renamed or open_tables:
        yield from ("", "[mapping.tables]")
        yield from (f"{name} = {_quoted(table)}" for name, table in renamed.items())
        for name in open_tables:
            yield f"# {name} = one of: {', '.join(map(_quoted, proposal.open[name]))}"
    for table in sorted(proposal.columns.keys() | _open_columns(proposal)):
        yield from ("", f"[mapping.columns.{table}]")
        for column, physical in sorted(proposal.columns.get(table, {}).items()):
            yield f"{column} = {_quoted(physical)}"
        for name, candidates in proposal.open.items():
            if name.startswith(f"{table}."):
                column = name.removeprefix(f"{table}.")
                yield f"# {column} = one of: {', '.join(map(_quoted, candidates))}"


def _open_columns(proposal: Proposal) -> set[str]:
    return {name.split(".")[0] for name in proposal.open if "." in name}


def _quoted(name: str) -> str:
    """Return a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
