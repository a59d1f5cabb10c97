"""The option that the export and the import share."""

from typing import Annotated

import typer

Timezone = Annotated[
    str,
    typer.Option(
        metavar="ZONE",
        help="Time zone, such as Europe/Zurich. Default: that of petrec.toml, else UTC.",
    ),
]
