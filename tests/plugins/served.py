"""A served review, asked as its page asks it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, cast

import httpx
import msgspec
import pytest
import uvicorn

from petrec.api.host.server import listen
from petrec.features.review.case import Candidate, Case, Decision, Verdict
from petrec.features.review.cases import stream_cases
from petrec.features.review.served.app import make_app
from petrec.features.review.served.desk import Desk
from petrec.features.review.served.guard import Guard
from petrec.features.review.served.shown import ServedPage
from petrec.operations.connect import connect
from petrec.operations.review import CaseFilter
from petrec.operations.review_serve import prepare_review
from petrec.operations.session import Session
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, databases
from tests.plugins.ports import free_port
from tests.plugins.waiting import until


class HasAddress(Protocol):
    """A database, wherever it is."""

    @property
    def dsn(self) -> str:
        """Return the connection string."""


@dataclass
class Served:
    """A server in this process, and a browser that has its cookie."""

    session: Session
    desk: Desk
    guard: Guard
    client: httpx.Client

    def ask(self, path: str, **body: Any) -> Any:
        """Return the answer as JSON; 503 has a `problem`."""
        return self.client.post(path, json=body).json()

    def decide(self, decision: Decision, known: int = 0) -> Any:
        """Send a decision, as the page does that knows this run of the case."""
        return self.ask("/decide", decision=_as_json(decision), known=known)

    def undo(self, recording_id: str, run: int, reviewer: str = "Kim") -> Any:
        return self.ask("/undo", recording_id=recording_id, run=run, reviewer=reviewer)

    def look(self, client: str, **more: Any) -> Any:
        return self.ask("/look", client=client, **more)

    def cases(self, kind: str) -> list[Case]:
        """Return the open cases of a kind that have several candidates, from the database."""
        with self.session.snapshot() as (connection, schema):
            cases = list(stream_cases(connection, schema, [kind]))
        return [case for case in cases if len(case.candidates) > 1]


Serve = Callable[..., Served]


@contextmanager
def _serving() -> Iterator[Serve]:
    with ExitStack() as ended:

        def start(
            database: HasAddress,
            cases: CaseFilter | None = None,
            config: Path | None = None,
            *,
            audio: bool = False,
        ) -> Served:
            session = connect(database.dsn, command="review serve", config=config)
            ended.callback(session.engine.dispose)
            ready = prepare_review(session, cases, audio=audio)
            guard = Guard("127.0.0.1", free_port())
            ended.enter_context(_listening(ready.page, guard))
            origin = f"http://127.0.0.1:{guard.port}"
            # Nothing is encrypted, and certificates take longer to load than a request.
            client = httpx.Client(
                base_url=origin, headers={"Origin": origin}, trust_env=False, timeout=60,
                verify=False,
            )  # fmt: skip
            ended.callback(client.close)
            assert client.get("/", params={"token": guard.token}).status_code == 200
            return Served(session, ready.page.desk, guard, client)

        yield start


@pytest.fixture
def serving() -> Iterator[Serve]:
    """Serve a review of a database in this process."""
    with _serving() as start:
        yield start


@pytest.fixture(scope="module")
def only_served(cluster: Cluster) -> Iterator[Served]:
    """A served review of a clinic in which the tests of a module write nothing."""
    with databases(cluster) as make, _serving() as start:
        yield start(make())


@pytest.fixture
def served(serving: Serve, clinic: Database) -> Served:
    """A served review of the clinic."""
    return serving(clinic)


@contextmanager
def _listening(page: ServedPage, guard: Guard) -> Iterator[None]:
    config = uvicorn.Config(make_app(page, guard), log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with listen(guard.host, guard.port) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        until(lambda: server.started)
        yield
        server.should_exit = True
        thread.join()


def decision_of(
    case: Case, candidate: Candidate, reviewer: str = "Kim", note: str = ""
) -> Decision:
    """Return what a person decides who chooses a candidate."""
    return Decision(
        case.recording_id, case.kind, case.state, candidate.verdict, candidate.pet_id,
        candidate.appointment_id, reviewer, note,
    )  # fmt: skip


def silent(case: Case, verdict: Verdict, reviewer: str = "Kim") -> Decision:
    """Return a decision that changes nothing."""
    return Decision(case.recording_id, case.kind, case.state, verdict, reviewer=reviewer)


def _as_json(decision: Decision) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(decision))
