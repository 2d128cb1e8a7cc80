"""A world beside what others have published: what is alike, and what is meant to be different."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.systems.fraud.world.description import Description

__all__ = ["Row", "compare"]

# Short names; docs/world.md has the full references.
_ULB = "Dal Pozzolo et al. 2015"
_HANDBOOK = "Le Borgne et al. 2022, simulated"
_ECB = "ECB 2023, on 2021"
_EBA = "EBA and ECB 2024, on half of 2023"
_NRF = "NRF and Appriss 2023"
_ETHOCA = "Ethoca 2016"


class Row(NamedTuple):
    """One quantity, as published and as it is here."""

    quantity: str
    published: str
    source: str
    here: str


def compare(told: Description) -> Iterator[Row]:
    """Return a world's marginal statistics beside published ones.

    Parameters
    ----------
    told
        Of the world; it must hold payments of every channel, frauds and chargebacks.
    """
    share = dict(told.shares.iter_rows())
    lines = {row["quantity"]: row for row in told.quantiles.iter_rows(named=True)}
    euros, stolen = lines["euros of an ordinary payment"], lines["euros of a fraudulent payment"]
    late, gap = lines["days until a chargeback"], lines["minutes between payments of a card"]
    channel = {row["channel"]: row for row in told.channels.iter_rows(named=True)}
    reason = {row["reason"]: row["share"] for row in told.reasons.iter_rows(named=True)}
    yield Row(
        "euros of a payment: 25 %, median, 75 %, mean", "5.60, 22.00, 77.17, 88.35", _ULB, _amounts(euros)
    )
    yield Row(
        "euros of a fraud: 25 %, median, 75 %, mean", "1.00, 9.25, 105.89, 122.21", _ULB, _amounts(stolen)
    )
    yield Row(
        "mean euros of a fraudulent card payment",
        "87 (633 million in 7.31 million)",
        _EBA,
        f"{stolen['mean']:.0f}",
    )
    yield Row("frauds, of payments", "0.17 %", _ULB, _percent(share["fraud, of payments"]))
    yield Row("frauds, of payments", "0.84 %", _HANDBOOK, _percent(share["fraud, of payments"]))
    yield Row("fraud, of the value of card payments", "0.028 %", _ECB, _percent(share["fraud, of value"]))
    yield Row(
        "fraud, of the value of card payments",
        "0.066 %",
        "Nilson Report 2022, on 2021",
        _percent(share["fraud, of value"]),
    )
    yield Row(
        "card not present, of the value of fraud",
        "84 %",
        _ECB,
        _percent(share["online, of the value of fraud"]),
    )
    yield Row("payments of a customer a day", "1.92", _HANDBOOK, f"{_rate(told):.2f}")
    yield Row(
        "hours between payments of a card: median, mean",
        "mean 12.5, of a customer",
        _HANDBOOK,
        f"{gap['50%'] / 60:.1f}, {gap['mean'] / 60:.1f}",
    )
    yield Row(
        "burstiness of the times between payments",
        "above 0 for what people do, 0 for independent events",
        "Goh, Barabási 2008",
        f"{told.burstiness:.2f}",
    )
    yield Row(
        "days until a chargeback: median, 95 %, most",
        "most: 120",
        "Visa Core Rules",
        f"{late['50%']:.1f}, {late['95%']:.0f}, {told.delays['days'].to_list()[-1]}",
    )
    yield Row(
        "days until the label of a fraud",
        "7 for all",
        "Le Borgne et al. 2022; Dal Pozzolo et al. 2018",
        f"{late['5%']:.1f} to {late['95%']:.0f} for nine of ten",
    )
    yield Row(
        "chargebacks by cardholders who made the payment",
        "up to 75 %",
        "Visa 2022",
        _percent(share["wrong, of chargebacks"]),
    )
    yield Row(
        "declined, of online payments",
        "3 to 4 % for goods, 15 % for digital ones",
        _ETHOCA,
        _percent(channel["online"]["declined"]),
    )
    yield Row(
        "declined for want of money, of declines", "44 %", _ETHOCA, _percent(reason["insufficient_funds"])
    )
    yield Row("declined on suspicion, of declines", "9 %", _ETHOCA, _percent(reason["suspected_fraud"]))
    yield Row(
        "given back, of the value sold online",
        "17.6 % in retail",
        _NRF,
        _percent(share["given back, of the value sold online"]) + " of retail and all else",
    )


def _amounts(row: dict[str, float]) -> str:
    return f"{row['25%']:.2f}, {row['50%']:.2f}, {row['75%']:.2f}, {row['mean']:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share < 0.02 else f"{100 * share:.0f} %"


def _rate(told: Description) -> float:
    """Payments of a customer a day, as the world was ordered."""
    return float(told.days["payments"].sum() / told.days.height / told.customers)
