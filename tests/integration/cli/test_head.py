"""Whatever writes names database, host and role in the head of its output."""

import json
from xml.etree import ElementTree as ET

from tests.plugins.case_files import decide_some
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.exports import Exported


def test_every_command_that_writes_names_the_place(
    petrec: Petrec, clinic: Database, exported: Exported
) -> None:
    place = f"{clinic.name} on 127.0.0.1 as postgres"

    def head(*arguments: str) -> str:
        ended = petrec(*arguments, dsn=clinic.dsn)
        assert ended.code in {0, 1}, ended.err
        return ended.out.splitlines()[1]

    assert head("backfill") == place
    assert head("backfill", "--apply", "--yes", "--limit", "5") == place
    cases = decide_some(exported("cases.csv"))
    assert head("review", "import", str(cases), "--partial") == place
    assert head("review", "import", str(cases), "--apply", "--partial", "--yes") == place
    assert head("runs", "undo", "2", "--plan") == place
    assert head("runs", "undo", "2", "--yes") == place
    clinic.execute("UPDATE petrec.runs SET state = 'stopped', finished_at = NULL WHERE id = 3")
    assert head("runs", "resume", "3", "--yes") == place
    clinic.execute("UPDATE petrec.runs SET state = 'stopped', finished_at = NULL WHERE id = 1")
    assert head("runs", "abandon", "1", "--yes") == place
    assert head("constraints", "plan") == place
    assert head("constraints", "apply", "--group", "indexes", "--yes") == place
    assert head("constraints", "rollback", "--group", "indexes", "--yes") == place
    assert head("report", "--record") == place
    granted = petrec("doctor", "--grants", "writer", "--for", "backfill", dsn=clinic.dsn).out
    assert granted.splitlines()[0] == f"-- for {place}"


def test_every_format_with_room_for_it_has_the_place(petrec: Petrec, clinic: Database) -> None:
    place = f"{clinic.name} on 127.0.0.1 as postgres"

    def plan(output_format: str) -> str:
        return petrec("backfill", "--format", output_format, dsn=clinic.dsn).out

    assert json.loads(plan("json"))["place"] == place
    assert plan("markdown").splitlines()[2].replace("\\_", "_") == place
    properties = ET.fromstring(plan("junit")).iter("property")
    assert [p.get("value") for p in properties if p.get("name") == "place"] == [place]


def test_what_reads_only_has_no_such_head(petrec: Petrec, clinic: Database) -> None:
    for command in (("audit",), ("validate",), ("runs", "list"), ("review", "status")):
        assert " as postgres" not in petrec(*command, dsn=clinic.dsn).out
