"""Moments and days as the clinic's clock shows them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, text

from petrec.errors import UsageError
from petrec.schema import base_type

_KNOWN = text("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = :zone)")
_FORM = "YYYY-MM-DD HH24:MI"


@dataclass(frozen=True)
class Clock:
    """A time zone by its IANA name. A column without time zone is taken as it stands."""

    zone: str = "UTC"

    def check(self, connection: Connection) -> None:
        """Check that the server knows the zone; errors: UsageError."""
        if self.zone != "UTC" and not connection.scalar(_KNOWN, {"zone": self.zone}):
            raise UsageError(
                f"the server knows no time zone {self.zone!r}",
                hint="name one as IANA does, such as Europe/Zurich",
            )

    def day(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the day of a moment."""
        return func.date(self._local(moment))

    def text(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a moment as text, to the minute; a date, infinity or other type as it is."""
        if not base_type(moment).startswith("timestamp"):
            return cast(moment, Text)
        local = self._local(moment)
        return func.coalesce(func.to_char(local, _FORM), cast(local, Text))

    def _local(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        zoned = base_type(moment).endswith("with time zone")
        return func.timezone(self.zone, moment) if zoned else moment


UTC = Clock()
