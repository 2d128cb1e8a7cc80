"""The countries of the world: where customers live, what they pay in, when their day begins."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

__all__ = ["ABROAD", "COUNTRIES", "CURRENCIES", "CURRENCY_OF", "HOME_WEIGHT", "PRICE_LEVEL", "UTC_OFFSET"]


class Country(NamedTuple):
    """One country: ISO 3166 code, share of the customers, currency, units for a euro, hours ahead of UTC."""

    code: str
    share: float
    currency: str
    rate: float
    offset: int


COUNTRIES: Final = (
    Country("DE", 0.26, "EUR", 1.0, 1),
    Country("FR", 0.18, "EUR", 1.0, 1),
    Country("ES", 0.11, "EUR", 1.0, 1),
    Country("IT", 0.10, "EUR", 1.0, 1),
    Country("NL", 0.07, "EUR", 1.0, 1),
    Country("GB", 0.09, "GBP", 0.86, 0),
    Country("PL", 0.05, "PLN", 4.3, 1),
    Country("AT", 0.03, "EUR", 1.0, 1),
    Country("BE", 0.03, "EUR", 1.0, 1),
    Country("PT", 0.02, "EUR", 1.0, 0),
    Country("SE", 0.02, "SEK", 11.2, 1),
    Country("CH", 0.01, "CHF", 0.95, 1),
    Country("DK", 0.01, "DKK", 7.46, 1),
    Country("CZ", 0.01, "CZK", 25.0, 1),
    Country("IE", 0.01, "EUR", 1.0, 0),
    Country("US", 0.01, "USD", 1.08, -5),
    Country("CA", 0.005, "CAD", 1.48, -5),
    Country("AU", 0.005, "AUD", 1.65, 10),
)
"""All amounts have two decimals in these currencies."""

CURRENCIES: Final = tuple(dict.fromkeys(country.currency for country in COUNTRIES))

HOME_WEIGHT: Final = np.array([country.share for country in COUNTRIES])
"""Weights of the countries as homes; not normalised."""

ABROAD: Final = np.array([0.05, 0.13, 0.2, 0.16, 0.06, 0.07, 0.03, 0.07, 0.02, 0.08, 0.01, 0.03, 0.02, 0.04])
"""Weights of the first countries as places to travel to; the rest are not travelled to."""

CURRENCY_OF: Final = np.array([CURRENCIES.index(country.currency) for country in COUNTRIES], dtype=np.int8)
"""Position in `CURRENCIES` of each country's currency."""

PRICE_LEVEL: Final = np.array([country.rate for country in COUNTRIES])
"""Units of the country's currency for a euro."""

UTC_OFFSET: Final = np.array([country.offset for country in COUNTRIES], dtype=np.int64)
"""Hours that the country's clocks are ahead of UTC; there is no daylight saving in this world."""
