"""The visits table may be read by whoever may read recordings."""

from petrec.features.constraints.catalog import Found
from petrec.features.constraints.modes import SHORT
from petrec.features.constraints.result import Presence, Step
from petrec.features.constraints.steps import Maker


def grant_reading(found: Found, maker: Maker) -> list[Step]:
    """Return one grant for each role that lacks it; of a table of somebody else's, none."""
    table = found.tables.get(maker.names.mapping.table("visits"))
    if maker.state.presence not in {Presence.MISSING, Presence.PRESENT}:
        return []
    if table is not None and not table.owned:
        return []
    return [
        Step(
            maker.item.name,
            f"GRANT SELECT ON {maker.table} TO {reader}",
            (),
            SHORT,
            "lets a reader of recordings read visits",
        )
        for reader in found.role.readers
    ]
