"""The command group `petrec review`."""

import typer

from petrec.cli.review.export import export
from petrec.cli.review.import_ import import_decisions

review_app = typer.Typer(no_args_is_help=True)


@review_app.callback()
def _review() -> None:
    """Bring doubtful recordings to people who know the animals, and their decisions back.

    Examples:
        petrec review export cases.csv

        petrec review import cases.csv --apply

    """


review_app.command("export")(export)
review_app.command("import")(import_decisions)
