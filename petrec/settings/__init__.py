"""The settings: the mapping of tables and columns, and all other sections of the file."""

from petrec.settings.load import load_settings
from petrec.settings.mapping import (
    EVIDENCE,
    LOGICAL_COLUMNS,
    NAMES_ONLY,
    OPTIONAL_COLUMNS,
    OPTIONAL_TABLES,
    REQUIRED_COLUMNS,
    Mapping,
)
from petrec.settings.sections import (
    FleetSettings,
    ReviewSettings,
    RuleLimits,
    Settings,
    Timeouts,
)
from petrec.settings.serving import (
    UPLOADED_CHANNEL,
    LimitSettings,
    ServeSettings,
    StoreSettings,
    TokenSettings,
    WebhookSettings,
)

__all__ = [
    "EVIDENCE",
    "LOGICAL_COLUMNS",
    "NAMES_ONLY",
    "OPTIONAL_COLUMNS",
    "OPTIONAL_TABLES",
    "REQUIRED_COLUMNS",
    "UPLOADED_CHANNEL",
    "FleetSettings",
    "LimitSettings",
    "Mapping",
    "ReviewSettings",
    "RuleLimits",
    "ServeSettings",
    "Settings",
    "StoreSettings",
    "Timeouts",
    "TokenSettings",
    "WebhookSettings",
    "load_settings",
]
