"""TOML, environment and command line -> strict settings, each value with its origin."""

from arb.config.credentials import Credentials, credentials_for, credentials_of
from arb.config.keyfile import find_keys, read_keys
from arb.config.load import Loaded, Options, load, override, require_exchanges
from arb.config.models import (
    CacheConfig,
    IdentityConfig,
    LogConfig,
    PolicyConfig,
    ScanConfig,
    Settings,
    VenueConfig,
)
from arb.config.paths import FastpathConfig
from arb.config.trading import (
    AlertsConfig,
    ExecutionConfig,
    JournalConfig,
    PaperConfig,
    RiskConfig,
    RunConfig,
    UnwindStep,
)

__all__ = [
    "AlertsConfig",
    "ExecutionConfig",
    "FastpathConfig",
    "JournalConfig",
    "PaperConfig",
    "RiskConfig",
    "RunConfig",
    "UnwindStep",
    "CacheConfig",
    "Credentials",
    "IdentityConfig",
    "Loaded",
    "LogConfig",
    "Options",
    "PolicyConfig",
    "ScanConfig",
    "Settings",
    "VenueConfig",
    "credentials_for",
    "credentials_of",
    "find_keys",
    "load",
    "override",
    "read_keys",
    "require_exchanges",
]
