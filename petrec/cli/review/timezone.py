"""The option that the export and the import share."""

from typing import Annotated

import typer

Timezone = Annotated[
    str,
    typer.Option(
        metavar="ZONE",
        help="Zone of times and days, as Europe/Zurich. Default: [review] timezone, else UTC",
    ),
]
