"""`petrec outbox run` ends on SIGTERM, also where its database will never answer."""

import signal
from collections.abc import Callable

import pytest

from petrec.operations.outbox import deliver_outbox
from petrec.operations.session import Session
from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.frozen import Frozen
from tests.plugins.receiver import DUE, ENQUEUE, Received, Receiver, waiting
from tests.plugins.waiting import until


@pytest.mark.full
def test_a_frozen_network_keeps_no_process(
    outbox_session: Callable[..., Session], clinic: Database, receiver: Receiver, spawn: Spawn
) -> None:
    """The network stops between the receiver's answer and its note: the event is sent again."""
    session = outbox_session()
    deliver_outbox(session)
    clinic.execute(ENQUEUE, ("main", 1))
    way = Frozen(clinic.cluster.port)

    def freeze(_: Received) -> int:
        way.flows.clear()
        return 200

    receiver.answer = freeze
    dsn = clinic.dsn.replace(f":{clinic.cluster.port}/", f":{way.port}/")
    assert dsn != clinic.dsn
    with way.listener:
        process = spawn("outbox", "run", dsn=dsn)
        until(lambda: len(receiver.received) == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    assert len(waiting(clinic)) == 1
    receiver.answer = lambda _: 200
    clinic.execute(DUE)
    deliver_outbox(session)
    assert waiting(clinic) == []
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 2
