"""The ways to steal that this world knows, one file each, with its source in the literature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.systems.fraud.world.patterns.account_takeover import ACCOUNT_TAKEOVER
from sevenfold.systems.fraud.world.patterns.card_testing import CARD_TESTING
from sevenfold.systems.fraud.world.patterns.colluding_merchant import COLLUDING_MERCHANT
from sevenfold.systems.fraud.world.patterns.device_ring import DEVICE_RING
from sevenfold.systems.fraud.world.patterns.friendly_fraud import FRIENDLY_FRAUD
from sevenfold.systems.fraud.world.patterns.lost_card import LOST_CARD
from sevenfold.systems.fraud.world.patterns.merchant_breach import MERCHANT_BREACH
from sevenfold.systems.fraud.world.patterns.mule_chain import MULE_CHAIN
from sevenfold.systems.fraud.world.patterns.refund_abuse import REFUND_ABUSE
from sevenfold.systems.fraud.world.patterns.stolen_card import STOLEN_CARD

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.patterns.attack import Pattern

__all__ = ["FRIENDLY", "NAMES", "ORDINARY", "PATTERNS"]

PATTERNS: tuple[Pattern, ...] = (
    CARD_TESTING,
    ACCOUNT_TAKEOVER,
    STOLEN_CARD,
    MERCHANT_BREACH,
    LOST_CARD,
    DEVICE_RING,
    COLLUDING_MERCHANT,
    MULE_CHAIN,
    REFUND_ABUSE,
)

ORDINARY = 0
"""Code of a payment that somebody made for themselves."""

FRIENDLY = len(PATTERNS) + 1
"""Code of such a payment that was disputed all the same."""

NAMES = ("ordinary", *(pattern.name for pattern in PATTERNS), FRIENDLY_FRAUD)
"""Names of the patterns by their code in `Batch`."""
