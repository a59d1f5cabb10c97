"""Frozen settings: where tables and columns live, and everything a configuration file can say."""

from petrec.settings.load import load_settings
from petrec.settings.mapping import (
    EVIDENCE,
    LOGICAL_COLUMNS,
    OPTIONAL_COLUMNS,
    OPTIONAL_TABLES,
    REQUIRED_COLUMNS,
    Mapping,
)
from petrec.settings.sections import (
    RuleLimits,
    ServeSettings,
    Settings,
    StoreSettings,
    Timeouts,
    TokenSettings,
)

__all__ = [
    "EVIDENCE",
    "LOGICAL_COLUMNS",
    "OPTIONAL_COLUMNS",
    "OPTIONAL_TABLES",
    "REQUIRED_COLUMNS",
    "Mapping",
    "RuleLimits",
    "ServeSettings",
    "Settings",
    "StoreSettings",
    "Timeouts",
    "TokenSettings",
    "load_settings",
]
