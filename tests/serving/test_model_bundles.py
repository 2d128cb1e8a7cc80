"""Bundles as a service meets them: sound, damaged, of other features, exchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from served import DESIGN, payment

from sevenfold.design.home import Home
from sevenfold.design.serving import open_service, served_model
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError
from sevenfold.learning.bundle import write_bundle
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.graph import export
from sevenfold.learning.logistic_regression import LogisticRegression

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.learning.bundle import Bundle


def _train(root: Path, *, slope: float = 1.0, broken: bool = False, program: object = None) -> Bundle:
    """Write a bundle for the small design, and make it the current one."""
    rng = np.random.default_rng(5)
    rows = 400
    frame = pl.DataFrame(
        {
            "amount": rng.lognormal(3.0, 1.0, rows),
            "country": rng.choice(["DE", "NL", "FR"], rows),
            "card_count_1h": rng.poisson(1.0, rows),
            "card_count_1d": rng.poisson(3.0, rows),
            "card_mean_7d": rng.lognormal(3.0, 1.0, rows),
            "card_idle": rng.exponential(1000.0, rows),
            "reports_30d": rng.poisson(0.1, rows),
        }
    )
    encoding = Encoding.learn(frame)
    y = (slope * np.log(frame["amount"].to_numpy()) + rng.normal(size=rows) > slope * 4.0).astype(np.int8)
    model = LogisticRegression().fit(Table(encoding.encode(frame), y, encoding))
    home = Home(root, DESIGN.name)
    bundle = write_bundle(
        home.bundles,
        model=b"no graph" if broken else export(model, len(encoding)),
        program=DESIGN.program() if program is None else {"features": program},
        encoding=encoding,
        metadata={"slope": slope},
        record={},
    )
    (home.bundles / "current.json").write_text(json.dumps({"bundle": bundle.id}))
    return bundle


def test_the_current_bundle_decides(home: Path) -> None:
    bundle = _train(home)
    service = open_service(DESIGN, home)
    decision = service.decide(payment(1))
    assert decision.record.model == bundle.id
    expected = bundle.scorer().score_row(decision.features)
    assert decision.score == pytest.approx(expected, abs=1e-12)
    assert service.stats().model_trouble == ""
    service.close_now()


def test_a_damaged_bundle_leaves_decisions_to_the_rules(home: Path) -> None:
    bundle = _train(home)
    model = bundle.path / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    service = open_service(DESIGN, home)
    assert service.ready() == []
    assert service.decide(payment(1)).record.fallback
    assert "can't be used" in service.stats().model_trouble
    service.close_now()
    with pytest.raises(BundleError, match="can't be used"):
        open_service(DESIGN, home, model=bundle.id)


def test_a_graph_that_the_runtime_refuses_leaves_decisions_to_the_rules(home: Path) -> None:
    _train(home, broken=True)
    service = open_service(DESIGN, home)
    assert service.decide(payment(1)).record.fallback
    assert service.stats().model_trouble.startswith("The model can't be loaded: ")
    service.close_now()


def test_a_bundle_of_another_schema_is_not_used(home: Path) -> None:
    _train(home, program=["other"])
    service = open_service(DESIGN, home)
    assert service.decide(payment(1)).record.fallback
    assert "was made for other features" in service.stats().model_trouble
    service.close_now()


def test_a_bundle_is_exchanged_while_the_service_runs(home: Path) -> None:
    first = _train(home)
    service = open_service(DESIGN, home)
    assert service.decide(payment(1)).record.model == first.id
    second = _train(home, slope=-1.0)
    service.swap(served_model(Workspace(DESIGN, home).bundle(second.id)))
    decision = service.decide(payment(2))
    assert decision.record.model == second.id
    assert decision.score == pytest.approx(second.scorer().score_row(decision.features), abs=1e-12)
    assert service.outcome(payment(1)).status == "repeated"
    service.close_now()


def test_words_become_the_rows_that_the_encoding_makes_of_the_same_values() -> None:
    from served import ENCODING, NAMES

    from sevenfold.features.kernel.layout import NULL_INT
    from sevenfold.features.text import text_code
    from sevenfold.serving.model import ModelRows

    asking = DESIGN.plan.asking["Payment"]
    values: list[dict[str, object]] = [
        dict.fromkeys(NAMES),
        dict.fromkeys(NAMES, -0.0) | {"country": "NL", "card_count_1h": 3},
        dict.fromkeys(NAMES, 1.5) | {"country": "FR", "card_count_1h": 0, "card_count_1d": None},
    ]
    words = np.empty((len(values), len(NAMES)), np.int64)
    for number, row in enumerate(values):
        for place, name in enumerate(NAMES):
            value = row[name]
            if name in asking.counts or name in asking.texts:
                code = text_code(value) if isinstance(value, str) else value
                words[number, place] = NULL_INT if code is None else int(code)
            else:
                words[number, place] = np.float64(np.nan if value is None else value).view(np.int64)
        for name in asking.counts:
            row[name] = None if row[name] is None else int(row[name])
    made = ModelRows(asking, ENCODING)(words)
    expected = np.array([ENCODING.encode_row(row) for row in values])
    np.testing.assert_array_equal(made, expected)
    assert made.flags.c_contiguous
