"""The example in the documents works."""

from sqlalchemy import create_engine

from docs.example_host.app import Sessions, make_host
from petrec.api import Actor, StoredObject
from tests.plugins import guide
from tests.plugins.api import Client
from tests.plugins.databases import MakeDatabase
from tests.plugins.memory_store import MemoryStore


def test_the_example_host(database: MakeDatabase) -> None:
    base = guide.fill(database("text_ids"))
    engine = create_engine(base.dsn.replace("postgresql:", "postgresql+psycopg:"))
    store, told = MemoryStore(), list[str]()
    staff = Actor(guide.VET, "vet", guide.PRACTICE)
    admin = Actor(guide.VET, "admin", "another-practice")
    app = make_host(engine, store, Sessions({"s": staff, "a": admin}), told.append)
    client = Client(app, headers={"Cookie": "session=s"})
    stranger, nobody = Client(app, headers={"Cookie": "session=a"}), Client(app, headers={})
    try:
        assert client.get("/own").json() == {"detail": "the host's own format"}
        made = client.post("/api/v1/recordings/upload/initiate", json=guide.INITIATE).json()
        store.objects[made["s3_key"]] = StoredObject(5, "audio/mp4", "etag")
        done = client.post(
            f"/api/v1/recordings/upload/complete/{made['recording_id']}",
            json={"file_size_bytes": 5},
        )
        assert (done.status_code, told) == (200, [made["recording_id"].removeprefix("rec-")])
        assert client.get("/api/v1/recordings").json()
        assert stranger.get("/api/v1/recordings").json() == []
        assert nobody.get("/api/v1/recordings").status_code == 401
    finally:
        client.close()
        stranger.close()
        nobody.close()
        engine.dispose()
