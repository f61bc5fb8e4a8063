"""What the providers charge, each price with where it is from and when it was read.

Money is counted in whole millionths of the table's currency, so that sums are exact. A file (`prices_file`) replaces
the table as a whole, in the same shape: `{"currency", "characters": {model: price of 10,000}, "calls": {kind: price of
one}}`, each price `{"amount", "source", "as_of"}`.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from warmline.errors import SettingsError

MICROS = 1_000_000
_UNIT = 10_000


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount of the table's currency, who says so, and the date on which it was read."""

    amount: Annotated[float, msgspec.Meta(ge=0, le=1e12)]
    source: Annotated[str, msgspec.Meta(min_length=1)]
    as_of: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`characters`: 10,000 characters of speech, by model. `calls`: one call of the data provider, by kind."""

    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    characters: Mapping[str, Price]
    calls: Mapping[str, Price]

    def speech(self, model: str, characters: int) -> int:
        """Millionths for a text, rounded up: the provider bills each character, and rounds up in each request.

        A model that is not listed costs as much as the dearest that is, so that no limit is passed unnoticed.
        """
        price = self.characters.get(model) or max(self.characters.values(), key=lambda one: one.amount, default=None)
        return 0 if price is None else _round_up(price.amount * MICROS * characters / _UNIT)

    def call(self, kind: str) -> int:
        """Millionths for one call; 0 if the table has no such kind."""
        price = self.calls.get(kind)
        return 0 if price is None else _round_up(price.amount * MICROS)


_UNKNOWN = Price(
    amount=0,
    source="not known here: depends on the plan and on what it includes; set it in a prices file from your own bill",
    as_of="2026-11-24",
)

PRICES = Prices(
    currency="INR",
    characters={
        "bulbul:v2": Price(amount=15, source="Sarvam AI's price list before bulbul:v3", as_of="2026-09-20"),
        "bulbul:v3": Price(amount=30, source="Sarvam AI's price list", as_of="2026-09-20"),
    },
    calls={"query": _UNKNOWN, "action": _UNKNOWN},
)


def read_prices(path: Path | None) -> Prices:
    """The table of a file; ours without one. Raises SettingsError, which names the file."""
    if path is None:
        return PRICES
    try:
        return msgspec.json.decode(path.read_bytes(), type=Prices)
    except (OSError, UnicodeError, RecursionError, msgspec.DecodeError) as error:
        raise SettingsError([f"prices file {path}: {error}"]) from error


def _round_up(micros: float) -> int:
    """Up to the next whole millionth, but for what binary fractions add to a whole number."""
    return math.ceil(round(micros, 3))
