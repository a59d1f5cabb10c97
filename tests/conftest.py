"""The fixtures come from named plugins."""

pytest_plugins = [
    "pytester",
    "tests.plugins.mutants",
    "tests.plugins.servers",
    "tests.plugins.few",
    "tests.plugins.correlation",
    "tests.plugins.databases",
    "tests.plugins.citus",
    "tests.plugins.command",
    "tests.plugins.terminals",
    "tests.plugins.alembic_project",
    "tests.plugins.pooler",
    "tests.plugins.seaweed",
    "tests.plugins.exports",
    "tests.plugins.lakes",
    "tests.plugins.votes",
    "tests.plugins.reports",
    "tests.plugins.pages",
    "tests.plugins.fleets",
    "tests.plugins.served",
    "tests.plugins.api_fixtures",
]
