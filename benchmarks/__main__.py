"""Run the benchmarks named on the command line, or all; `--size` is their number of recordings."""

import argparse
import os
from importlib import import_module

NAMES = (
    "startup",
    "fleet",
    "audit",
    "lake",
    "backfill",
    "growth",
    "review",
    "api",
    "constraints",
    "partitions",
)

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*NAMES, "report")))
parser.add_argument("--size", help="recordings; the audit takes several, with commas between them")
arguments = parser.parse_args()
if unknown := {*arguments.names} - {*NAMES, "report"}:
    parser.error(f"no benchmark has the name {', '.join(sorted(unknown))}")
# An installed package has its bytecode, too; without it each start would compile petrec again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if arguments.size:
    os.environ["PETREC_BENCH_RECORDINGS"] = arguments.size
for name in arguments.names or NAMES:
    print(f"== {name}")
    import_module(f"benchmarks.{name}").run()
