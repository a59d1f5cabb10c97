"""Traces of requests: the tree, whose child it is, what is an error, and what is in no span."""

import json
import logging
from typing import Any

import pytest

from petrec.api import StoredObject
from petrec.api.host.json_log import JsonLines
from tests.plugins.api import watch
from tests.plugins.spans import TracedApi, tree
from tests.plugins.two_clinics import (
    ACTORS,
    APPT1,
    APPT2,
    INITIATE,
    O1,
    P1,
    PET1,
    REC1,
    VET1,
    VISIT1,
)

API = "/api/v1"
START = f"{API}/recordings/upload/initiate"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
FAIL = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514', DETAIL = OLD.s3_key; END $$;
CREATE TRIGGER fail BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION fail();
"""

pytestmark = pytest.mark.api("two_clinics", headers=ACTORS["staff"])


def test_an_upload_is_a_request_its_statements_and_the_store(traced: TracedApi) -> None:
    traced.ask("GET", f"{API}/recordings/{REC1}")
    answer, spans = traced.ask("POST", START, json=INITIATE)
    made = answer.json()
    root = f"POST {START}"
    assert set(tree(spans)) == {root}
    assert tree(spans)[root] == ["store presign_post", "BEGIN", "INSERT public.recordings"]
    traced.api.store.objects[made["s3_key"]] = StoredObject(2048, "audio/mp4", "etag")
    path = f"{API}/recordings/upload/complete/{made['recording_id']}"
    answer, spans = traced.ask("POST", path, json={"file_size_bytes": 2048})
    assert answer.status_code == 200
    root = f"POST {API}/recordings/upload/complete/{{recording_id}}"
    assert set(tree(spans)) == {root}
    assert tree(spans)[root] == [
        "BEGIN", "SELECT public.recordings", "store head",
        "BEGIN", "SELECT public.recordings", "UPDATE public.recordings", "SELECT",
    ]  # fmt: skip


def test_the_parent_is_the_callers_and_the_log_has_the_trace(
    traced: TracedApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    headers = PARENT | {"X-Request-ID": "proxy-7"}
    _, spans = traced.ask("GET", f"{API}/recordings/", headers=headers)
    root = spans[-1]
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE}
    assert f"{root.parent.span_id:016x}" == CALLER
    assert root.attributes["petrec.request_id"] == "proxy-7"
    (record,) = (each for each in caplog.records if each.name == "petrec.access")
    said = json.loads(JsonLines().format(record))
    assert (said["trace_id"], said["span_id"]) == (TRACE, f"{root.context.span_id:016x}")


def test_a_malformed_parent_begins_a_trace(traced: TracedApi) -> None:
    for given in ("", "00-0-0-01", "ff-" + "g" * 60, "00-" + "0" * 32 + "-x-01", b"\xff" * 9):
        answer, spans = traced.ask("GET", f"{API}/recordings/", headers={"traceparent": given})
        assert answer.status_code == 200
        assert spans[-1].parent is None


def test_an_unsampled_request_has_no_span_and_its_id_in_the_log(
    traced: TracedApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    unsampled = {"traceparent": PARENT["traceparent"][:-2] + "00"}
    assert traced.ask("GET", f"{API}/recordings/", headers=unsampled)[1] == []
    (record,) = (each for each in caplog.records if each.name == "petrec.access")
    assert vars(record)["trace_id"] == TRACE


def test_a_refusal_is_no_error_and_a_failure_is_one(traced: TracedApi) -> None:
    refused, spans = traced.ask("GET", f"{API}/appointments/{APPT2}")
    assert refused.status_code == 404
    assert {span.status.status_code.name for span in spans} == {"UNSET"}
    assert spans[-1].attributes["petrec.error_code"] == refused.json()["error_code"]
    traced.api.store.down = True
    traced.api.database.execute(f"UPDATE recordings SET file_size_bytes = 3 WHERE id = '{REC1}'")
    path = f"{API}/recordings/upload/complete/{REC1}"
    failed, spans = traced.ask("POST", path, json={"file_size_bytes": 3})
    assert failed.status_code == 503
    assert _errors(spans) == {
        "store head": "StorageUnavailableError",
        f"POST {API}/recordings/upload/complete/{{recording_id}}": "503",
    }


def test_no_span_names_a_person_nor_holds_a_value(traced: TracedApi) -> None:
    """Not the text of an error either: PostgreSQL repeats values in it."""
    traced.api.database.execute(FAIL)
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"{API}/recordings/?pet_id=pet-{PET1}&status=pending", {}),
        ("GET", f"{API}/appointments/{APPT1}", {}),
        ("GET", f"{API}/recordings/{REC1}", {}),
        ("GET", f"{API}/visits/{VISIT1}", {}),
        ("POST", START, {"json": INITIATE}),
        ("POST", f"{API}/recordings/upload/complete/{REC1}", {"json": {"file_size_bytes": 3}}),
        ("GET", f"/elsewhere/{PET1}", {}),
        ("BREW", f"{API}/pets/{PET1}", {}),
    ]
    everything = ""
    for method, path, options in calls:
        _, spans = traced.ask(method, path, **options)
        everything += "".join(span.to_json() for span in spans)
    assert _errors(spans) == {}
    assert '"db.response.status_code": "23514"' in everything
    assert '"name": "GET"' in everything
    assert '"name": "HTTP"' in everything
    for secret in (VET1, O1, P1, PET1, APPT1, REC1, VISIT1, "key-", "o.m4a", "exception", "elsew"):
        assert secret not in everything, secret


def test_probes_and_work_beside_the_requests_have_no_spans(traced: TracedApi) -> None:
    for probe in ("health", "live", "ready", "ready/"):
        answer, spans = traced.ask("GET", f"{API}/{probe}")
        assert (answer.status_code, spans) == (200, [])
    _, spans = traced.ask("GET", f"{API}/appointments/{APPT2}")
    assert traced.api.database.execute("SELECT count(*) FROM api_logs") == [(1,)]
    assert "INSERT public.api_logs" not in {span.name for span in spans}


def test_a_span_that_the_host_has_made_is_kept(traced: TracedApi) -> None:
    """As FastAPI's own is, which surrounds all middleware."""
    tracer = traced.provider.get_tracer("host")
    inner = traced.api.app.build_middleware_stack()

    async def hosts(scope: Any, receive: Any, send: Any) -> None:
        with tracer.start_as_current_span("the host's"):
            await inner(scope, receive, send)

    traced.api.app.middleware_stack = hosts
    _, spans = traced.ask("GET", f"{API}/appointments/{APPT1}")
    assert {span.name for span in spans if span.parent is None} == {"the host's"}
    assert set(tree(spans)) == {"the host's"}
    assert "SELECT public.appointments" in tree(spans)["the host's"]


def test_cursors_of_the_host_are_kept(traced: TracedApi) -> None:
    seen: list[Any] = []
    watch(traced.api.engine, lambda query, _: seen.append(query))
    traced.ask("GET", f"{API}/appointments/{APPT1}")
    seen.clear()
    _, spans = traced.ask("GET", f"{API}/appointments/{APPT1}")
    asked = [query for query in seen if query not in {"commit", "rollback"}]
    assert len(asked) == len([span for span in spans if "db.system.name" in span.attributes]) > 0


def _errors(spans: list[Any]) -> dict[str, Any]:
    failed = [span for span in spans if span.status.status_code.name == "ERROR"]
    assert not any(span.status.description or span.events for span in spans)
    return {span.name: span.attributes["error.type"] for span in failed}
