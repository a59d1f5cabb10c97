"""The command group `petrec constraints`."""

import typer

from petrec.cli.constraints.apply import apply
from petrec.cli.constraints.export import export
from petrec.cli.constraints.plan import plan
from petrec.cli.constraints.rollback import rollback
from petrec.cli.constraints.status import status

constraints_app = typer.Typer(no_args_is_help=True)
for _command in (status, plan, apply, rollback, export):
    constraints_app.command(_command.__name__)(_command)


@constraints_app.callback()
def _group() -> None:
    """Add constraints and indexes that keep pet associations correct, without downtime.

    Examples:
        petrec constraints status

        petrec constraints apply --yes

    """
