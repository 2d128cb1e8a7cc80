"""Personal data and protected attributes: purpose, time, erasure; features that stand in for an attribute."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.fields import Kind
from sevenfold.design.check.catalogue import finding
from sevenfold.design.check.leakage import fields_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding
    from sevenfold.design.design import Design

__all__ = ["association", "personal_fields", "privacy"]

_PERSONAL = re.compile(
    r"(^|_)(name|first_name|last_name|surname|email|mail|phone|mobile|address|street|iban|ssn|passport|birth|"
    r"birthday|dob|ip|ip_address|device|device_id|card|customer|user|user_id|account|patient|latitude|longitude)(_|$)"
)
_PROXIES = {
    "nationality": ("country", "language", "locale", "currency", "timezone", "birth_country"),
    "origin": ("country", "language", "name", "surname", "postcode", "zip", "region"),
    "age": ("birth", "dob", "age_band", "account_age", "device_model"),
    "gender": ("name", "first_name", "title", "salutation"),
    "religion": ("name", "surname", "country"),
    "income": ("postcode", "zip", "region", "device_model"),
}
"""Fields that are known to stand in for protected attributes (Barocas, Hardt, Narayanan, 2023, chapter 3)."""
_ASSOCIATED = 0.3
_MOST_VALUES = 200


def privacy(facts: Facts) -> Iterator[Finding]:
    """Check personal data for purpose, time and erasure, and features for protected attributes."""
    design = facts.design
    personal = personal_fields(design)
    yield from _answers(design, personal)
    yield from _protected(facts)
    fairness = getattr(design.monitoring, "fairness", None)
    if design.trust.protected and not getattr(fairness, "groups", None):
        yield finding(
            "SF606",
            "monitoring.fairness",
            wrong="Attributes are declared as protected, and no group is watched for how it fares.",
            by=f"{len(design.trust.protected)} attributes: {', '.join(design.trust.protected)}",
            fix="sf.Monitoring(fairness=sf.Fairness(groups=…)) for each of them.",
            arithmetic=["declared: trust.protected, monitoring"],
        )


def personal_fields(design: Design) -> dict[str, str]:
    """Fields that tell of people, by ``Event.field``: why they are taken for that."""
    found = {}
    for event_name, event in design.events.items():
        for name, one in event.__fields__.items():
            if name in (event.__key__, event.__time__):
                continue
            if one.kind is Kind.ENTITY and _PERSONAL.search(str(one.entity)):
                found[f"{event_name}.{name}"] = (
                    f"an entity named {one.entity!r}: a pseudonym (GDPR, Article 4(5))"
                )
            elif one.kind in (Kind.TEXT, Kind.CATEGORY) and _PERSONAL.search(name):
                found[f"{event_name}.{name}"] = f"a text named {name!r}"
    for expectation in design.expectations:
        kinds = getattr(expectation, "personal", None)
        if kinds:
            found[f"{expectation.event.__name__}.{expectation.field}"] = "declared: expectations"
    return found


def _answers(design: Design, personal: dict[str, str]) -> Iterator[Finding]:
    trust = design.trust
    without = [where for where in personal if not _purpose(design, where)]
    if without:
        yield finding(
            "SF601",
            "trust.purposes",
            wrong="Fields tell of people, and nobody has said what for (GDPR, Article 5(1)(b)).",
            by=f"{len(without)} of {len(personal)} fields: {', '.join(without[:6])}",
            fix='sf.Trust(purposes={"card": "to recognise…"}), or drop the field.',
            arithmetic=[f"{where}: {personal[where]}" for where in without[:10]],
        )
    if personal and trust.retention is None:
        yield finding(
            "SF602",
            "trust.retention",
            wrong="Personal data is kept with no end in sight (GDPR, Article 5(1)(e)).",
            by=f"{len(personal)} fields",
            fix='sf.Trust(retention="…").',
            arithmetic=["declared: trust.retention = None"],
        )
    if personal and not trust.erasure.strip():
        yield finding(
            "SF603",
            "trust.erasure",
            wrong="Nobody has said how a person is forgotten who asks for it (GDPR, Article 17).",
            by=f"{len(personal)} fields in a log that is only ever appended to",
            fix='sf.Trust(erasure="…"): such as by destroying the key of their tokens.',
            arithmetic=["declared: trust.erasure = ''"],
        )


def _purpose(design: Design, where: str) -> str:
    event, _, name = where.partition(".")
    field: Any = design.events[event].__fields__.get(name)
    purposes = design.trust.purposes
    return next(
        (purposes[key] for key in (where, name, str(getattr(field, "entity", ""))) if key in purposes), ""
    )


def _protected(facts: Facts) -> Iterator[Finding]:
    design = facts.design
    read = fields_read(design)
    fields = design.events[design.decides].__fields__
    for attribute in design.trust.protected:
        if attribute in read:
            yield finding(
                "SF604",
                f"{design.decides}.{attribute}",
                wrong=f"Decisions must not depend on {attribute!r}, and features read it.",
                by=f"{len(read[attribute])} features: {', '.join(sorted(read[attribute])[:5])}",
                fix="Take these features out, or accept it with the legal ground.",
                arithmetic=["declared: trust.protected, features"],
            )
        known = _PROXIES.get(attribute, ())
        named = [name for name in read if name != attribute and any(word in name for word in known)]
        measured = _measured(facts, attribute, read) if attribute in fields else {}
        for name in dict.fromkeys([*named, *measured]):
            by = f"read by {len(read[name])} features"
            lines = ["by name (Barocas, Hardt and Narayanan 2023, chapter 3)"]
            if name in measured:
                by += f"; Cramér's V {measured[name]:.2f}"
                lines = [
                    f"V = {measured[name]:.3f} between {name} and {attribute} (measured: the log; bound 0.3)"
                ]
            yield finding(
                "SF605",
                f"{design.decides}.{name}",
                wrong=f"{name!r} may stand in for {attribute!r}, which decisions must not depend on.",
                by=by,
                fix="Measure how groups fare with and without it, and accept it with the result, or drop it.",
                arithmetic=lines,
            )


def _measured(facts: Facts, attribute: str, read: dict[str, set[str]]) -> dict[str, float]:
    """Cramér's V of an attribute with every field of few values that features read, where it is large."""
    if facts.history is None:
        return {}
    table, found = facts.history.decided, {}
    for name in read:
        if name == attribute or name not in table.columns:
            continue
        v = association(table[attribute], table[name])
        if v > _ASSOCIATED:
            found[name] = v
    return found


def association(left: pl.Series, right: pl.Series) -> float:
    """Cramér's V of two columns (Cramér, 1946, "Mathematical Methods of Statistics", section 21.9).

    Returns
    -------
    float
        0 for independence to 1; 0 where a column has one value or more than 200.
    """
    if not all(1 < column.n_unique() <= _MOST_VALUES for column in (left, right)):
        return 0.0
    frame = pl.DataFrame({"a": left.cast(pl.String).fill_null(""), "b": right.cast(pl.String).fill_null("")})
    counts = frame.group_by("a", "b").len()
    table = counts.pivot("b", index="a", values="len").fill_null(0).drop("a").to_numpy().astype(np.float64)
    n = table.sum()
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(chi2 / n / (min(table.shape) - 1)))
