"""The probes that docs/serve.md names for Kubernetes are endpoints that need no token."""

import re
from pathlib import Path

import yaml

from petrec.api.http.openapi import document

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"```yaml\n(livenessProbe.*?)```", re.DOTALL)


def test_the_probes_are_endpoints() -> None:
    found = BLOCK.search((ROOT / "docs" / "serve.md").read_text(encoding="utf-8"))
    assert found is not None
    probes = yaml.safe_load(found[1])
    assert set(probes) == {"livenessProbe", "readinessProbe", "startupProbe"}
    paths = document()["paths"]
    for name, probe in probes.items():
        asked = probe["httpGet"]
        assert paths[asked["path"]]["get"]["security"] == [], name
        assert asked["port"] == 8000
        assert set(probe) <= {"httpGet", "periodSeconds", "timeoutSeconds", "failureThreshold"}
    # A database that is away must not restart the process.
    assert probes["livenessProbe"]["httpGet"]["path"].endswith("/live")
