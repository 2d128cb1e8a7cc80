"""Devices and addresses: what a payment made from a browser or an app leaves behind.

Every device and address is a number; `tokens` turns it into what the gateway sees. Which one is used when
is hashed, not stored. Addresses behave as in life: a home keeps one for weeks, a mobile carrier puts
thousands of customers behind one, each for an hour, an office a few dozen, a VPN or a data centre
everybody.

Source for the carriers: Richter et al., "A Multi-perspective Analysis of Carrier-Grade NAT Deployment", IMC
2016, which finds such sharing in nine of ten cellular networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.chance import mix, unit
from sevenfold.systems.fraud.world.clock import DAY, HOUR
from sevenfold.systems.fraud.world.countries import COUNTRIES

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.people import People
    from sevenfold.systems.fraud.world.plan import Plan

__all__ = ["NONE", "Network", "Origin"]

NONE = -1
"""No device, no address: the card was there."""

_GENERATIONS = 1 << 8
_STRANGERS = 1 << 44
"""First number of the devices that belong to no customer."""
_CARRIER, _OFFICE, _TUNNEL, _HOSTED = (np.int64(kind) << 46 for kind in (1, 2, 3, 4))
_PER_COUNTRY = 1 << 24
_TUNNELS = 160
_CUSTOMERS_PER_OFFICE = 25
_CUSTOMERS_PER_ADDRESS = 2_500
"""Customers of a country for each address of its mobile carriers, of which there are two at least."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where online payments came from.

    Parameters
    ----------
    device, ip
        Numbers of devices and addresses, int64.
    country
        Country of the address, int64.
    """

    device: Indices
    ip: Indices
    country: Indices


@dataclass(frozen=True, slots=True)
class Network:
    """The devices of customers and the addresses of carriers, offices and VPNs.

    Parameters
    ----------
    people
        Whose devices they are.
    key
        Seed of the hashes.
    start_ms
        The world's first moment.
    addresses
        How many addresses the mobile carriers of each country have.
    """

    people: People
    key: int
    start_ms: int
    addresses: Indices

    @classmethod
    def lay(cls, people: People, plan: Plan) -> Network:
        """Lay the network for a world's customers."""
        customers = np.bincount(people.country, minlength=len(COUNTRIES))
        return cls(people, plan.seed, plan.start_ms, np.maximum(2, customers // _CUSTOMERS_PER_ADDRESS))

    def origin(
        self, customer: Indices, place: Indices, time: Indices, which: np.ndarray, how: np.ndarray
    ) -> Origin:
        """Return what customers pay with and from where.

        Parameters
        ----------
        customer, place, time
            Who, in which country, when (ms UTC).
        which, how
            Numbers in [0, 1) that choose the device and the way into the network: the same for two payments
            of one sitting.
        """
        owned = self.people.devices[customer]
        slot = np.where(which < 0.64, 0, np.where(which < 0.92, 1, 2))
        slot = np.minimum(slot, owned - 1)
        abroad = place != self.people.country[customer]
        mobile = how < np.where(slot == 0, np.where(abroad, 0.8, 0.5), np.where(abroad, 0.3, 0.05))
        office = (how > 0.86) & (slot != 0) & ~abroad
        ip = self.home(customer, time)
        ip = np.where(mobile | abroad, self.carrier(place, customer, time), ip)
        ip = np.where(office, _OFFICE + mix(customer, self.key, 40).astype(np.int64) % self._offices(), ip)
        shielded = self.people.shielded[customer] & (how < 0.85)
        country = place
        if shielded.any():
            ip = np.where(shielded, self.tunnel(customer + time // DAY), ip)
            country = np.where(shielded, self.country_of_tunnel(ip), country)
        return Origin(self._device(customer, slot, time), ip, country)

    def own(self, customer: Indices, time: Indices) -> Indices:
        """Return the main device of customers."""
        return self._device(customer, np.zeros(len(customer), dtype=np.int64), time)

    def stranger(self, number: Indices) -> Indices:
        """Return the device of somebody who is no customer."""
        return _STRANGERS + number

    def carrier(self, country: Indices, who: Indices, time: Indices) -> Indices:
        """Return an address of a country's mobile carriers: for about an hour the same for a person."""
        sitting = who * 65_537 + (time + mix(who, self.key + 1, 32).astype(np.int64) % HOUR) // HOUR
        slot = mix(sitting, self.key + 2, 60).astype(np.int64) % self.addresses[country]
        return _CARRIER + country * _PER_COUNTRY + slot

    def tunnel(self, number: Indices) -> Indices:
        """Return an address of a VPN or proxy service that everybody can rent."""
        return _TUNNEL + mix(number, self.key + 3, 60).astype(np.int64) % _TUNNELS

    def country_of_tunnel(self, ip: Indices) -> Indices:
        """Return the country in which a VPN's address is registered."""
        return (unit(ip, self.key + 4) ** 1.6 * len(COUNTRIES)).astype(np.int64)

    def hosted(self, number: Indices) -> Indices:
        """Return an address of a rented server that nobody else uses."""
        return _HOSTED + number

    def _device(self, customer: Indices, slot: Indices, time: Indices) -> Indices:
        number = customer * 4 + slot
        life = 250 + (unit(number, self.key + 5) * 900).astype(np.int64)
        age = (time - self.start_ms) // DAY + (unit(number, self.key + 6) * life).astype(np.int64)
        return number * _GENERATIONS + age // life % _GENERATIONS

    def home(self, customer: Indices, time: Indices) -> Indices:
        """Return the home address of customers, kept from days to months."""
        lease = 4 + (unit(customer, self.key + 7) ** 2 * 300).astype(np.int64)
        age = (time - self.start_ms) // DAY + (unit(customer, self.key + 8) * lease).astype(np.int64)
        return customer * _GENERATIONS + age // lease % _GENERATIONS

    def _offices(self) -> int:
        return max(1, len(self.people) // _CUSTOMERS_PER_OFFICE)
