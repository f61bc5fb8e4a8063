"""Read all settings of the worker from `WARMLINE_*` variables, and report every bad one at once, by name.

A secret is never the value of a variable: the variable names the file that holds the secret.
"""

from warmline.settings.leaves import REQUIRED, flatten
from warmline.settings.reading import PREFIX, RENAMED, change, read
from warmline.settings.secrets import read_secret
from warmline.settings.tree import (
    NUMBERS,
    PROFILES,
    SETTINGS,
    ConvexSettings,
    Profile,
    RedisAddress,
    SarvamSettings,
    Settings,
)

__all__ = [
    "NUMBERS",
    "PREFIX",
    "PROFILES",
    "RENAMED",
    "REQUIRED",
    "SETTINGS",
    "ConvexSettings",
    "Profile",
    "RedisAddress",
    "SarvamSettings",
    "Settings",
    "change",
    "flatten",
    "read",
    "read_secret",
]
