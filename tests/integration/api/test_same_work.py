"""A foreign id costs what an absent one costs: the same statements, the same calls of the store.

Equal answers alone would still let a caller tell the two apart by how long they take.
"""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import event

from petrec.api import PresignedPost, StoredObject
from tests.plugins.api import Api, watch
from tests.plugins.databases import Database
from tests.plugins.memory_store import MemoryStore
from tests.plugins.two_clinics import (
    ABSENT,
    ALL,
    APPT1,
    APPT2,
    INITIATE,
    OBJECTS,
    PET1,
    PET2,
    SOUNDS,
    VISIT2,
    Call,
    send,
)

START, VISITS = "/recordings/upload/initiate", "/visits/"
NEW = {"pet_id": "pet-ID", "visit_type": "checkup"}
# Beside the endpoints' own object: other ids that they take, with what else is the caller's.
MORE = {
    "initiate, pet": Call("POST", START, PET1, PET2, INITIATE | {"pet_id": "pet-ID"}),
    "initiate, visit": Call("POST", START, "", VISIT2, INITIATE | {"visit_id": "visit-ID"}),
    "create visit, pet": Call("POST", VISITS, PET1, PET2, NEW),
    "create visit, pet of appointment": Call(
        "POST", VISITS, PET1, PET2, NEW | {"appointment_id": f"appt-{APPT1}"}
    ),
    "recordings of both": Call(
        "GET", f"/recordings/?status=pending&appointment_id=appt-{APPT1}&pet_id=pet-ID", PET1, PET2
    ),
    "visits of both": Call(
        "GET", f"/visits/?appointment_id=appt-ID&pet_id=pet-{PET1}", APPT1, APPT2
    ),
}


class Watched(MemoryStore):
    """Tells what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def presign_post(self, key: str, content_type: str, now: datetime) -> PresignedPost:
        self.seen.append("presign")
        return super().presign_post(key, content_type, now)

    def head(self, key: str) -> StoredObject | None:
        self.seen.append("head")
        return super().head(key)


@pytest.fixture
def watched(make_api: Callable[..., Api], two_clinics: Database) -> Api:
    api = make_api(database=two_clinics, store=Watched(), options=ALL)
    api.store.objects.update(SOUNDS)
    watch(api.engine, lambda statement, _: api.store.seen.append(statement))
    event.listen(api.engine.pool, "checkout", lambda *_: api.store.seen.append("checkout"))
    # The first request of all reads the schema.
    api.client.get("/api/v1/ready")
    return api


def work(api: Api, actor: str, one: Call, target: str, **headers: str) -> list[str]:
    """Return what is asked of the database and of the store for one request."""
    api.store.seen.clear()
    send(api, actor, one, target, headers)
    assert len(api.store.seen) > 1
    return list(api.store.seen)


@pytest.mark.few(3)
@pytest.mark.parametrize("actor", ["owner", "staff", "other owner", "other staff", "nobody"])
def test_a_foreign_object_costs_the_work_of_an_absent_one(watched: Api, actor: str) -> None:
    for name, one in OBJECTS.items():
        foreign = one.mine if actor.startswith(("other", "nobody")) else one.foreign
        assert work(watched, actor, one, foreign) == work(watched, actor, one, ABSENT), name


@pytest.mark.parametrize("actor", ["owner", "staff"])
def test_a_foreign_id_costs_the_work_of_an_absent_one(watched: Api, actor: str) -> None:
    for name, one in MORE.items():
        assert work(watched, actor, one, one.foreign) == work(watched, actor, one, ABSENT), name


@pytest.mark.parametrize("actor", ["owner", "staff"])
def test_with_an_idempotency_key_the_work_is_the_same(watched: Api, actor: str) -> None:
    one, key = OBJECTS["initiate"], {"Idempotency-Key": "k"}
    done = work(watched, actor, one, APPT2, **key)
    assert done == work(watched, actor, one, ABSENT, **key)
    assert any("pg_advisory_xact_lock" in each for each in done)


def test_an_own_object_leads_to_other_steps(watched: Api) -> None:
    """An own object leads to more, or to other steps."""
    for name in ("complete", "initiate", "read visit", "update visit"):
        one = OBJECTS[name]
        assert work(watched, "staff", one, one.mine) != work(watched, "staff", one, ABSENT), name
