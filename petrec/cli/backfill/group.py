"""The command group `petrec backfill`."""

import typer

from petrec.cli.backfill.abandon import abandon
from petrec.cli.backfill.apply import backfill
from petrec.cli.backfill.show import show_lineage
from petrec.cli.backfill.status import status
from petrec.cli.backfill.undo import undo

backfill_app = typer.Typer(
    invoke_without_command=True,
)
backfill_app.callback()(backfill)
backfill_app.command("status")(status)
backfill_app.command("undo")(undo)
backfill_app.command("abandon")(abandon)
backfill_app.command("show")(show_lineage)
