"""One command for many targets: schemas, databases and servers, each in a process of its own."""

from petrec.operations.fleet.run import Schedule, fleet
from petrec.operations.fleet.targets import FleetTarget, TargetSource, find_targets

__all__ = ["FleetTarget", "Schedule", "TargetSource", "find_targets", "fleet"]
