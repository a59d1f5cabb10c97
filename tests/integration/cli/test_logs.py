"""What a command logs holds nothing of the connection string."""

import pytest

from tests.plugins.command import Petrec
from tests.plugins.ports import free_port


@pytest.mark.parametrize("verbose", ["-v", "-vv"])
def test_logs_say_nothing_of_a_connection_string(petrec: Petrec, verbose: str) -> None:
    dsn = f"postgresql://s3cr3tuser:s3cr3tword@127.0.0.1:{free_port()}/s3cr3tdata"
    for command in ("audit", "backfill", "report", "constraints apply --yes"):
        ended = petrec(*command.split(), verbose, DATABASE_URL=dsn)
        assert ended.code == 3
        assert "s3cr3t" not in ended.out + ended.err
