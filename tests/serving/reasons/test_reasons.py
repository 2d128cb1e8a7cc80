"""Reasons of a decision: what moved the score most, in words, with what is normal for everyone and here."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sevenfold as sf
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.flat.publish import flatten
from sevenfold.learning.formula import formula_of
from sevenfold.learning.graph import export
from sevenfold.learning.reference import Reference
from sevenfold.learning.scorer import Scorer
from sevenfold.learning.xgboost import XGBoost
from sevenfold.serving.reasons.explainer import Explainer
from sevenfold.serving.reasons.usual import Usual, usual_of
from sevenfold.serving.verdict import Verdict


class Visit(sf.Event, key="visit_id", time="at"):
    visit_id: str
    at: sf.Timestamp
    guest: sf.Entity
    spent: sf.Money
    city: sf.Category | None = None


v = Visit
FEATURES = sf.features(
    spent=v.spent,
    visits=v.count().by(v.guest).over("1h"),
    moved=v.city.changed().by(v.guest),
    city=v.city,
    idle=v.at.since_last().by(v.guest).described("pause of this guest", "It has been a while."),
)
CITIES = ("Oslo", "Rome")
ENCODING = Encoding((*map(Column, ("spent", "visits_1h", "moved")), Column("city", CITIES), Column("idle")))
CALM = {"spent": 10.0, "visits_1h": 1, "moved": 0.0, "city": "Oslo", "idle": 86400.0}
WILD = {"spent": 900.0, "visits_1h": 9, "moved": 1.0, "city": "Rome", "idle": None}


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(1)
    n = 4000
    spent, visits = rng.lognormal(3, 1, n).round(2), rng.poisson(1.0, n) + 1.0
    moved, city = (rng.random(n) < 0.1).astype(float), rng.choice([1.0, 2.0, np.nan], n, p=[0.6, 0.3, 0.1])
    idle = np.where(rng.random(n) < 0.2, np.nan, rng.exponential(1e5, n))
    pull = np.log(spent) + visits + 2 * moved + np.isnan(idle) + rng.normal(size=n)
    X = np.stack([spent, visits, moved, city, idle], axis=1)
    return Table(X, (pull > 8).astype(np.int8), ENCODING)


@pytest.fixture(scope="module")
def model(table):
    return XGBoost(trees=60, depth=4, early_stopping=None).fit(table, seed=1, threads=1)


@pytest.fixture(scope="module")
def explainer(model, table) -> Explainer:
    flat = flatten(formula_of(model), ENCODING, table.X)
    return Explainer(FEATURES, Visit, flat, Reference.of(table), count=5)


def reasons(explainer, values, **more):
    return explainer.reasons(ENCODING.encode_row(values), values, **more)


def test_what_raised_the_score_comes_first_and_all_of_it_adds_up(explainer, model, table):
    found = reasons(explainer, WILD)
    assert {one.name for one in found} == set(ENCODING.names)
    sizes = [one.contribution for one in found]
    raised = [size for size in sizes if size > 0]
    assert sizes[: len(raised)] == sorted(raised, reverse=True)
    flat = flatten(formula_of(model), ENCODING, table.X)
    row = ENCODING.encode_row(WILD)[None]
    assert flat.explain(row).base + sum(sizes) == pytest.approx(flat.margins(row)[0], abs=1e-4)


def test_sentences_say_the_value_and_what_is_normal(explainer):
    history = [{"spent": 10.0 + i, "visits_1h": 1, "city": "Oslo"} for i in range(11)]
    said = {one.name: one for one in reasons(explainer, WILD, history=history)}
    assert said["visits_1h"].sentence == (
        "The number of visits of this guest in the last hour is 9, higher than in over 99.9 % of all visits; "
        "usual here is 1. It raises the score."
    )
    assert (
        said["visits_1h"].customer == "The number of visits of this guest in the last hour is unusually high."
    )
    assert "The spent is 900.00, higher than in over 99.9 % of all visits" in said["spent"].sentence
    assert "usual here is 15.00 (11.00 to 19.00)" in said["spent"].sentence
    assert said["moved"].sentence == "The city differs from that of the previous visit. It raises the score."
    assert said["city"].sentence.startswith("The city is Rome, as in 33 % of all visits; usual here is Oslo.")
    assert said["idle"].sentence == "The pause of this guest is not known. It raises the score."
    assert said["idle"].customer == "It has been a while."


def test_lowering_reasons_say_so(explainer):
    said = {one.name: one for one in reasons(explainer, CALM)}
    assert said["visits_1h"].contribution < 0
    assert said["visits_1h"].sentence.endswith("It lowers the score.")
    assert said["moved"].sentence.startswith(
        "It is not so that the city differs from that of the previous visit."
    )
    assert said["spent"].customer == "The spent counted in favour of it."


def test_lists_and_rules_are_reasons_and_come_before(explainer):
    verdict = Verdict("block", 990, rules=("many",), lists=("deny:guest",))
    found = reasons(explainer, WILD, verdict=verdict)
    assert [(one.source, one.name) for one in found[:2]] == [("list", "deny:guest"), ("rule", "many")]
    assert found[1].sentence == "The rule many applies."
    assert "many" not in found[1].customer
    assert len(found) == 5


def test_without_a_score_only_the_policy_gives_reasons(explainer):
    verdict = Verdict("block", None, rules=("many",), fallback=True)
    assert [one.name for one in reasons(explainer, WILD, verdict=verdict)] == ["many"]


def test_a_model_that_is_not_flat_gives_none(model, table):
    explainer = Explainer(FEATURES, Visit, Scorer(export(model, 5), ENCODING), Reference.of(table))
    assert reasons(explainer, WILD) == []
    assert len(reasons(explainer, WILD, verdict=Verdict("block", 1, rules=("many",)))) == 1


def test_without_a_reference_nothing_is_normal(model, table):
    flat = flatten(formula_of(model), ENCODING, table.X)
    found = Explainer(FEATURES, Visit, flat, count=2).reasons(ENCODING.encode_row(WILD), WILD)
    assert len(found) == 2
    assert all(one.below is None and "higher" not in one.sentence for one in found)


def test_a_reason_is_plain_data(explainer):
    history = [{"visits_1h": 1}, {"visits_1h": 3}]
    found = {one.name: one.to_json() for one in reasons(explainer, WILD, history=history)}
    assert json.loads(json.dumps(found)) == found
    visits = found["visits_1h"]
    assert visits["feature"] == "visits_1h"
    assert visits["value"] == 9
    assert visits["usual"]["value"] == 2
    assert visits["below"] == 1.0
    assert set(visits) == {
        "feature",
        "contribution",
        "value",
        "below",
        "above",
        "usual",
        "sentence",
        "customer",
    }


def test_a_feature_that_the_design_has_no_words_for_goes_by_its_name(model, table):
    flat = flatten(formula_of(model), ENCODING, table.X)
    found = Explainer(sf.features(spent=v.spent), Visit, flat, count=9).reasons(
        ENCODING.encode_row(WILD), WILD
    )
    assert "The visits 1h is 9" in {one.name: one for one in found}["visits_1h"].sentence


def test_explaining_changes_nothing(explainer):
    row = ENCODING.encode_row(WILD)
    before, values = row.copy(), dict(WILD)
    assert reasons(explainer, WILD) == reasons(explainer, WILD)
    explainer.reasons(row, values)
    np.testing.assert_array_equal(row, before)
    assert values == WILD


def test_what_is_usual_needs_two_decisions():
    assert usual_of("a", []) is None
    assert usual_of("a", [{"a": 1}, {"a": None}, {}]) is None
    assert usual_of("a", [{"a": 1}, {"a": 2}]) == Usual(2, 1.5, pytest.approx(1.1), pytest.approx(1.9))
    assert usual_of("a", [{"a": "x"}, {"a": "y"}, {"a": "x"}]) == Usual(3, "x")
    assert Usual(3, "x").to_json() == {"decisions": 3, "value": "x"}


def test_no_hour_is_higher_than_another(table):
    features = sf.features(spent=v.spent, hour=v.at.hour())
    encoding = Encoding((Column("spent"), Column("hour")))
    X = np.stack([table.X[:, 0], np.arange(len(table)) % 24.0], axis=1)
    late = Table(X, (X[:, 1] >= 22).astype(np.int8), encoding)
    fitted = XGBoost(trees=5, depth=2, early_stopping=None).fit(late, seed=1, threads=1)
    explainer = Explainer(features, Visit, flatten(formula_of(fitted), encoding, X), Reference.of(late))
    found = explainer.reasons(np.array([10.0, 23.0]), {"spent": 10.0, "hour": 23.0})
    assert found[0].sentence == "The hour of the day is 23:00 UTC. It raises the score."
    assert found[0].customer == "The hour of the day counted against it."
    assert found[0].below > 0.9
