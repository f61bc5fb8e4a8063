"""All settings of the worker, typed, from `WARMLINE_*` variables. Every bad one is reported at once, by name.

Secrets are never values of variables: a variable names the file that holds them.
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
