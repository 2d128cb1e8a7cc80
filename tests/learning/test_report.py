"""The report is one page that reads on its own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sevenfold.learning.declaration import Learning
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.plots import plot_evaluation
from sevenfold.learning.report import write_report
from sevenfold.learning.splits import Prequential
from sevenfold.learning.stakes import Stakes

VOID = {"meta", "link", "br", "img", "use", "path", "rect", "hr"}


@pytest.fixture(scope="module")
def evaluation(world):
    learning = Learning(
        candidates=(LogisticRegression(), LogisticRegression(name="a <b> & c", strength=0.01)),
        folds=Prequential(test="10d", folds=2),
        entity="card",
        review_per_day=5,
        replicates=5,
    )
    amount = world.features["amount"].to_numpy()
    stakes = Stakes(amount, np.full(len(amount), 2.0), "EUR")
    labels = Labels.of(world.times, world.y, "5d")
    return evaluate_folds(
        world.features, world.times, labels, learning, entities=world.entities, stakes=stakes
    )


@pytest.fixture(scope="module")
def page(evaluation, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "deep" / "report.html"
    facts = {"design": "<script>alert(1)</script>", "seed": 7}
    write_report(
        path, evaluation, heading="fraud & more", subtitle="two folds", facts=facts, notes=["One < two."]
    )
    return path.read_text()


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_it_needs_nothing_but_itself(page):
    """No file, no font, no script, nothing from elsewhere; every part of a drawing is in it once."""
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    tags = {tag for tag, _ in reader.seen}
    assert not tags & {"script", "link", "iframe", "img"}
    outside = [
        value
        for _, attrs in reader.seen
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href") and not value.startswith("#")
    ]
    assert outside == []
    assert re.findall(r"url\((?!#)", page) == []
    ids = [attrs["id"] for _, attrs in reader.seen if "id" in attrs]
    assert len(ids) == len(set(ids)) > 100
    used = [v[1:] for _, a in reader.seen for n, v in a.items() if n.endswith("href")]
    assert set(used) <= set(ids)


def test_it_says_what_was_measured_and_shows_every_plot(page, evaluation):
    best = evaluation.best
    assert f"<b>{best.mean['average_precision'].value:.3f}</b>" in page
    assert f"<b>{best.mean['money_saved'].value:.3f}</b>" in page
    for said in ("share of losses saved", "card precision@5", "calibration error", "fold 2 (train"):
        assert said in page, said
    titles = (
        "Precision and recall",
        "Scores of positives and negatives",
        "Do the scores mean what they say?",
        "Money saved by threshold",
        "What the model relies on",
    )
    for said in titles:
        assert page.count(said) == 1, said
    assert page.count('role="img"') == 5


def test_what_others_named_is_no_markup(page):
    assert "a &lt;b&gt; &amp; c" in page
    assert "<script" not in page
    assert "One &lt; two." in page
    assert "<title>fraud &amp; more</title>" in page


def test_its_plots_take_on_the_colours_of_the_page(page):
    assert "prefers-color-scheme: dark" in page
    drawn = page[page.index("<svg") :]
    for colour in ("#fcfcfb", "#1f2933", "#0f766e", "#dfe3e8"):
        assert colour not in drawn
    assert "var(--ink)" in drawn


def test_the_same_evaluation_gives_the_same_page(page, evaluation, tmp_path):
    facts = {"design": "<script>alert(1)</script>", "seed": 7}
    again = write_report(
        tmp_path / "r.html",
        evaluation,
        heading="fraud & more",
        subtitle="two folds",
        facts=facts,
        notes=["One < two."],
    )
    assert again.read_text() == page


def test_an_evaluation_is_drawn_with_its_money_where_there_is_any(evaluation, tmp_path):
    assert [path.name for path in plot_evaluation(evaluation, tmp_path, suffix=".svg")] == [
        "precision_recall.svg",
        "score_distribution.svg",
        "calibration.svg",
        "money_saved.svg",
        "feature_importance.svg",
    ]
