"""Run the benchmarks named on the command line, or all."""

import sys
from importlib import import_module

NAMES = ("startup", "fleet", "audit", "backfill", "review", "api", "constraints", "partitions")

for name in sys.argv[1:] or NAMES:
    print(f"== {name}")
    import_module(f"benchmarks.{name}").run()
