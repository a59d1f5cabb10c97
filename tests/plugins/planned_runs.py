"""A run as the journal has it, for tests that need no server."""

from datetime import UTC, datetime
from typing import Any

from petrec.features.runs.run import Action, Run, RunState, Target

AT = datetime(2025, 9, 1, 14, 30, 15, tzinfo=UTC)
TARGET = Target("public.recordings", ("id",), "pet_id", name='"public"."recordings"')


def make_run(**more: Any) -> Run:
    """Return run 7, a backfill that is running."""
    values: dict[str, Any] = {
        "id": 7,
        "action": Action.BACKFILL,
        "state": RunState.RUNNING,
        "target": TARGET,
        "started_at": AT,
        "updated_at": AT,
    }
    return Run(**(values | more))
