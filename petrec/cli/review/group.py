"""The command group `petrec review`."""

import typer

from petrec.cli.review.export import export
from petrec.cli.review.import_ import import_decisions
from petrec.cli.review.serve import serve
from petrec.cli.review.status import status

review_app = typer.Typer(no_args_is_help=True)


@review_app.callback()
def _review() -> None:
    """Export recordings that need a person's decision, and import the decisions.

    Examples:
        petrec review export cases.xlsx

        petrec review import cases.xlsx --apply

        petrec review serve

        petrec review status

    """


review_app.command("export")(export)
review_app.command("import")(import_decisions)
review_app.command("serve")(serve)
review_app.command("status")(status)
