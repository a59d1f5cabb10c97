"""The fixtures come from named plugins."""

pytest_plugins = [
    "tests.plugins.servers",
    "tests.plugins.databases",
    "tests.plugins.command",
    "tests.plugins.pooler",
    "tests.plugins.seaweed",
]
