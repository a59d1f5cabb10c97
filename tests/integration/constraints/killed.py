"""petrec, killed right after a number of DDL statements: `python -m ... NUMBER ARGUMENT...`."""

import os
import signal
import sys

from petrec.cli.main import main
from petrec.postgres.ddl.run import Runner

_run = Runner.run
_left = int(sys.argv.pop(1))


def _counted(self: Runner, sql: str, *, short: bool) -> bool:
    """Run, report on standard output, and die when enough has been done."""
    global _left  # noqa: PLW0603 - the one number of this process
    done = _run(self, sql, short=short)
    if done:
        os.write(1, f"{sql}\n".encode())
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return done


if __name__ == "__main__":
    Runner.run = _counted  # type: ignore[method-assign]
    main()
