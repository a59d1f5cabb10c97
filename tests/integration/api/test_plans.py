"""Lists read little more than they return, however many recordings lack a pet."""

from collections.abc import Callable

import pytest

from petrec.features.constraints.specs import specs
from tests.plugins.api import Api
from tests.plugins.command import Petrec
from tests.plugins.databases import MakeDatabase
from tests.plugins.plans import APPLIED, MORE, Lists
from tests.plugins.two_clinics import ACTORS, APPT1, PET1


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rows", [40_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_lists_read_few_recordings(
    make_api: Callable[..., Api], database: MakeDatabase, petrec: Petrec, rows: int
) -> None:
    made = database("clinic")
    (owner,) = made.execute(
        "SELECT owner_id FROM pets GROUP BY owner_id HAVING count(*) = 2 LIMIT 1"
    )[0]
    of_owner = f"pet_id IN (SELECT id FROM pets WHERE owner_id = '{owner}')"
    made.execute(MORE.format(rows=rows, condition="true"))
    made.execute(MORE.format(rows=rows // 10, condition=of_owner))
    assert petrec(*APPLIED, dsn=made.dsn).code == 0
    made.execute("VACUUM ANALYZE")
    appointment, pet = made.execute(
        f"SELECT appointment_id, pet_id FROM appointment_pets WHERE {of_owner} LIMIT 1"
    )[0]
    # All recordings are read newest first, so a practice's share of them counts.
    practice, share = made.execute(
        "SELECT practice_id, count(*) * 1.0 / sum(count(*)) OVER () FROM recordings"
        " JOIN appointments ON appointments.id = appointment_id"
        " GROUP BY practice_id ORDER BY 2 DESC LIMIT 1"
    )[0]
    lists = Lists(made, make_api(database=made))
    staff = {"x-practice": str(practice), "x-role": "vet"}
    owners = {"x-role": "owner", "x-owner": str(owner)}
    for query, headers in (
        ("?limit=10", owners), ("?limit=5", owners), ("?limit=50", {}), ("?limit=200", {}),
        ("?limit=50", staff), (f"?limit=5&pet_id={pet}", {}),
        (f"?limit=5&appointment_id={appointment}", {}), ("?limit=20&status=uploaded", owners),
        (f"?limit=5&appointment_id={appointment}&pet_id={pet}&status=uploaded", owners),
        ("?limit=50&status=pending", {}), ("?limit=10&status=pending", staff),
        ("?limit=10&status=failed", {}), ("?limit=50&status=uploaded", {}),
    ):  # fmt: skip
        for told, read in lists.pages(query, headers):
            allowed = told * 4 / share if headers is staff else told * 4
            assert 0 < read <= allowed, (query, headers)
    # A prepared statement does not know that a status is rare.
    for query, headers in (
        (f"?limit=5&pet_id={pet}&status=pending", {}), ("?limit=5&status=pending", owners),
    ):  # fmt: skip
        for told, read in lists.pages(query, headers, generic=False):
            assert 0 < read <= told * 4, (query, headers)


@pytest.mark.api("two_clinics")
def test_each_index_of_the_group_is_read(api: Api, petrec: Petrec) -> None:
    assert petrec(*APPLIED, dsn=api.database.dsn).code == 0
    lists = Lists(api.database, api)
    used: set[str] = set()
    for path in (
        "recordings/", f"recordings/?pet_id=pet-{PET1}", f"recordings/?appointment_id=appt-{APPT1}",
        f"recordings/?appointment_id=appt-{APPT1}&pet_id=pet-{PET1}", "recordings/?status=pending",
        f"recordings/?pet_id=pet-{PET1}&status=pending", "visits/", f"appointments/appt-{APPT1}",
    ):  # fmt: skip
        for actor in ("owner", "staff", "admin"):
            lists.sent.clear()
            assert api.client.get(f"/api/v1/{path}", headers=ACTORS[actor]).status_code == 200
            used |= lists.indexes()
    assert {spec.name for spec in specs(("api",), "CASCADE")} <= used
