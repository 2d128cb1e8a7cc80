"""Pictures of an evaluation, as PNG files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.canvas import ACCENT, FILL, GREY, INK, PALE, QUIETS, canvas, legend, percent, save
from sevenfold.learning.odds import log_odds
from sevenfold.learning.ranking import Groups

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sevenfold.learning.arrays import FloatVector, Values
    from sevenfold.learning.money import MoneyCurve
    from sevenfold.learning.results import CandidateResult, Evaluation
    from sevenfold.learning.train import TrainingResult

__all__ = [
    "calibration",
    "feature_importance",
    "money_saved",
    "plot_evaluation",
    "plot_training",
    "precision_recall",
    "score_distribution",
]

_TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_BINS = 56
_CALIBRATION_BINS = 10
_CURVE_POINTS = 2_000
_EDGE = 1e-7


def plot_training(result: TrainingResult, folder: Path) -> list[Path]:
    """Draw everything about a training that can be drawn; see `plot_evaluation`."""
    return plot_evaluation(result.evaluation, folder, importance=result.importance())


def plot_evaluation(
    evaluation: Evaluation,
    folder: Path,
    *,
    importance: Mapping[str, float] | None = None,
    suffix: str = ".png",
) -> list[Path]:
    """Draw everything about an evaluation that can be drawn.

    Parameters
    ----------
    evaluation
        All candidates on all folds.
    folder
        Where the files go; made where it is missing.
    importance
        Each feature's share of what the model relies on; by default that of the best candidate's last fold.
    suffix
        ``.png`` or ``.svg``.

    Returns
    -------
    list of Path
        ``precision_recall``, ``score_distribution``, ``calibration``, ``money_saved`` where mistakes cost
        money, and ``feature_importance``.

    Raises
    ------
    MissingExtraError
        The extra [learn] is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    best = evaluation.best
    money = best.money
    drawn = [
        precision_recall(evaluation, folder / f"precision_recall{suffix}"),
        score_distribution(best, folder / f"score_distribution{suffix}"),
        calibration(best, folder / f"calibration{suffix}"),
    ]
    if money is not None:
        drawn.append(money_saved(money, folder / f"money_saved{suffix}", currency=best.unit))
    shares = best.importance if importance is None else importance
    return [*drawn, feature_importance(shares, folder / f"feature_importance{suffix}")]


def precision_recall(evaluation: Evaluation, path: Path) -> Path:
    """Draw precision against recall: a line a candidate, over the test rows of all folds together."""
    best = evaluation.best
    figure, axes = canvas(
        "Precision and recall",
        f"{best.candidate.name} reaches an average precision of"
        f" {best.mean['average_precision'].estimate()}, {_folds(best)}",
    )
    others = [r for r in evaluation.results if r is not best]
    for result in [best, *others]:
        recall, precision = _curve(result.y, result.score)
        value = result.mean["average_precision"].value
        color = ACCENT if result is best else QUIETS[others.index(result) % len(QUIETS)]
        axes.plot(
            recall,
            precision,
            color=color,
            lw=2.6 if result is best else 1.6,
            zorder=4 if result is best else 3,
            label=f"{result.candidate.name}  {value:.3f}",
            solid_capstyle="round",
        )
    share = float(best.y.mean())
    axes.axhline(share, color=GREY, lw=1, ls=(0, (2, 3)), label=f"chance  {share:.3f}", zorder=2)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Recall, share of the positives that are found")
    axes.set_ylabel("Precision, share of hits that are positive")
    percent(axes.xaxis, axes.yaxis)
    legend(axes, loc="upper right")
    return save(figure, path)


def score_distribution(result: CandidateResult, path: Path) -> Path:
    """Draw how scores spread, positives against negatives, on a scale of log odds."""
    figure, axes = canvas(
        "Scores of positives and negatives",
        f"{result.candidate.name} on {len(result.y):,} test events, {int(result.y.sum()):,} of them positive",
    )
    odds = log_odds(result.score, _EDGE)
    edges = np.linspace(odds.min() - 0.1, odds.max() + 0.1, _BINS)
    for label, name, fill, line in ((0, "negatives", FILL, QUIETS[0]), (1, "positives", PALE, ACCENT)):
        chosen = odds[result.y == label]
        if not len(chosen):
            continue
        weights = np.full(len(chosen), 1.0 / len(chosen))
        common = {"bins": edges, "weights": weights, "zorder": 2 + label}
        axes.hist(chosen, color=fill, alpha=0.75, label=name, **common)
        axes.hist(chosen, histtype="step", color=line, lw=1.6, **common)
    _log_odds_axis(axes, edges[0], edges[-1])
    axes.set(xlabel="Score", ylabel="Share of each class")
    axes.grid(visible=False, axis="x")
    percent(axes.yaxis)
    legend(axes, loc="upper right")
    return save(figure, path)


def calibration(result: CandidateResult, path: Path) -> Path:
    """Draw observed against predicted shares, over groups of rows with similar scores."""
    points = result.mean["calibration_error"].value * 100
    figure, axes = canvas(
        "Do the scores mean what they say?",
        f"{result.candidate.name}: predicted and observed share differ by {points:.2g} points on average",
    )
    predicted, observed, low, high = _reliability(result.y, result.score)
    # What lies beyond the frame, such as an observed 100 %, is drawn on its edge.
    lowest = max(min(predicted.min(), observed[observed > 0].min(initial=1.0)), 1e-5)
    highest = min(max(predicted.max(), observed.max()), 0.999)
    span = log_odds(np.array([lowest, highest]), _EDGE) + np.array([-0.7, 0.7])
    low, observed, high = (np.clip(log_odds(share, _EDGE), *span) for share in (low, observed, high))
    axes.plot(span, span, color=GREY, lw=1, ls=(0, (2, 3)), label="perfectly calibrated", zorder=2)
    x = log_odds(predicted, _EDGE)
    axes.vlines(x, low, high, color=PALE, lw=3, zorder=3, label="95 % interval")
    axes.plot(x, observed, "o", color=ACCENT, ms=8, zorder=4, label="events of similar score", clip_on=False)
    _log_odds_axis(axes, *span)
    _log_odds_axis(axes, *span, vertical=True)
    axes.set(xlabel="Predicted share of positives", ylabel="Observed share of positives")
    legend(axes, loc="upper left")
    return save(figure, path)


def money_saved(curve: MoneyCurve, path: Path, *, currency: str) -> Path:
    """Draw the money saved by threshold, and the threshold that saves most.

    Parameters
    ----------
    curve
        As `sevenfold.learning.money.money_by_threshold` gives it, of at least one row.
    path
        The file.
    currency
        The unit of the money, as it is written: ``"EUR"``; nothing where several are mixed.
    """
    threshold, saved = curve.best
    share = saved / curve.at_stake if curve.at_stake else 0.0
    chosen = "by stopping nothing" if np.isinf(threshold) else f"from a score of {threshold * 100:.2g} % on"
    figure, axes = canvas(
        "Money saved by threshold",
        f"At best {saved:,.0f} of {curve.at_stake:,.0f} {currency} ({share * 100:.0f} %), {chosen}",
    )
    odds = log_odds(curve.threshold[1:], _EDGE)
    # Evenly over the axis, on which most thresholds lie close together at its low end.
    shown = np.unique(np.searchsorted(-odds, -np.linspace(odds[0], odds[-1], _CURVE_POINTS)))
    shown = np.union1d(shown, max(int(np.argmax(curve.saved)) - 1, 0))
    x, y = odds[shown], curve.saved[1:][shown]
    axes.axhline(curve.at_stake, color=GREY, lw=1, ls=(0, (2, 3)), label="all losses", zorder=2)
    axes.axhline(0, color=GREY, lw=0.8, zorder=2)
    axes.plot(x, y, color=ACCENT, lw=2.6, label="saved", zorder=3)
    if np.isfinite(threshold):
        at = log_odds(np.array([threshold]), _EDGE)
        axes.plot(at, [saved], "o", color=ACCENT, ms=9, zorder=4, label="best threshold")
    _log_odds_axis(axes, float(x.min()), float(x.max()))
    # Stopping everything can cost many times what is at stake: the plot keeps to what is worth choosing.
    axes.set_ylim(-0.35 * curve.at_stake or -1.0, 1.12 * curve.at_stake or 1.0)
    axes.set(
        xlabel="Threshold: events that score at least this much are stopped",
        ylabel=f"Saved, {currency}".rstrip(", "),
    )
    axes.yaxis.set_major_formatter("{x:,.0f}")
    legend(axes, loc="lower right")
    return save(figure, path)


def feature_importance(importance: Mapping[str, float], path: Path, *, most: int = 20) -> Path:
    """Draw the features that a model relies on, the most important first.

    Parameters
    ----------
    importance
        Each feature's share, as a model's `importance` gives it.
    path
        The file.
    most
        How many to show, at most.
    """
    ranked = sorted(importance.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    names, shares = [name for name, _ in ranked], np.array([share for _, share in ranked])
    figure, axes = canvas(
        "What the model relies on",
        f"{_count(len(ranked), len(importance))}; bars are shares of the whole",
        size=(9.0, max(3.2, 1.9 + 0.27 * len(ranked))),
    )
    left = min(0.06 + 0.0095 * max(map(len, names), default=0), 0.5)
    height = figure.get_figheight()
    axes.set_position((left, 0.35 / height, 0.90 - left, (height - 1.45) / height))
    places = np.arange(len(names))[::-1]
    axes.barh(places, shares, color=[ACCENT, *[PALE] * len(shares)][: len(shares)], height=0.68)
    beside = {"textcoords": "offset points", "va": "center", "fontsize": 9.5, "color": INK}
    for place, share in zip(places, shares, strict=True):
        axes.annotate(f"{share * 100:.1f} %", (share, place), (5, 0), **beside)
    axes.set_yticks(places, names, color=INK)
    axes.set(
        ylim=(min(len(names) - 5, 0) - 0.6, len(names) - 0.4),
        xlim=(0, max(float(shares.max(initial=0)) * 1.12, 1e-9)),
    )
    axes.grid(visible=False)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    return save(figure, path)


def _count(shown: int, there: int) -> str:
    if there == 1:
        return "The only feature"
    return f"All {there} features" if shown == there else f"The first {shown} of {there} features"


def _folds(result: CandidateResult) -> str:
    count = len(result.folds)
    return "one fold" if count == 1 else f"mean of {count} folds"


def _curve(y: Values, score: FloatVector) -> tuple[FloatVector, FloatVector]:
    """Recall and precision at falling thresholds, thinned to what a picture can show."""
    groups = Groups.of(y, score)
    caught = np.cumsum(groups.positives[0])
    found = caught + np.cumsum(groups.negatives[0])
    points = np.unique(np.linspace(0, len(caught) - 1, _CURVE_POINTS).astype(int))
    return caught[points] / max(caught[-1], 1.0), (caught / np.maximum(found, 1.0))[points]


def _reliability(y: Values, score: FloatVector) -> tuple[FloatVector, FloatVector, FloatVector, FloatVector]:
    """Predicted and observed shares by bin, with Wilson intervals; each bin holds equally many positives.

    Bins of equally many rows would put all but one of them where hardly anything is positive.
    """
    order = np.argsort(score, kind="stable")
    passed = np.cumsum(y[order])
    bins = np.searchsorted(passed, np.linspace(0, passed[-1], _CALIBRATION_BINS + 1)[1:])
    parts = [part for part in np.split(order, np.unique(bins[:-1]) + 1) if len(part)]
    n = np.array([len(part) for part in parts], dtype=np.float64)
    observed = np.array([y[part].mean() for part in parts])
    predicted = np.array([score[part].mean() for part in parts])
    z = 1.96
    centre = (observed + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(observed * (1 - observed) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return predicted, observed, centre - half, centre + half


def _log_odds_axis(axes: Any, low: float, high: float, *, vertical: bool = False) -> None:
    ticks = np.array(_TICKS)
    places = log_odds(ticks, _EDGE)
    inside = (places >= low) & (places <= high)
    labels = [f"{tick * 100:g} %" for tick in ticks[inside]]
    if vertical:
        axes.set_yticks(places[inside], labels)
        axes.set_ylim(low, high)
    else:
        axes.set_xticks(places[inside], labels)
        axes.set_xlim(low, high)
