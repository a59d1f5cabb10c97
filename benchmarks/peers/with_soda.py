"""Questions as checks of Soda, one number each; they come as JSON on standard input."""

import json
import sys
from urllib.parse import urlsplit

from soda.scan import Scan

SOURCE = """
data_source clinic:
  type: postgres
  host: {host}
  port: "{port}"
  username: {user}
  password: ""
  database: {database}
  schema: public
"""


def ask(dsn: str, questions: dict[str, str]) -> dict[str, int]:
    """Return the answers by name; errors: RuntimeError."""
    scan = Scan()
    scan.set_data_source_name("clinic")
    url = urlsplit(dsn)
    scan.add_configuration_yaml_str(
        SOURCE.format(host=url.hostname, port=url.port, user=url.username, database=url.path[1:])
    )
    # JSON is YAML.
    checks = [{f"{name} >= 0": {f"{name} query": query}} for name, query in questions.items()]
    scan.add_sodacl_yaml_str(json.dumps({"checks": checks}))
    if scan.execute() != 0:
        raise RuntimeError(scan.get_logs_text())
    metrics = scan.get_scan_results()["metrics"]
    return {metric["metricName"].split()[0]: int(metric["value"]) for metric in metrics}


if __name__ == "__main__":
    print("\n" + json.dumps(ask(sys.argv[1], json.load(sys.stdin))))
