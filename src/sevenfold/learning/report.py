"""A training or an evaluation as one page that reads on its own: figures, plots, and where they come from.

The page is one file. Its plots are drawings inside it, in the page's own colours, so that it reads as well in
the dark as in the light, on paper, and with no network.
"""

from __future__ import annotations

import html
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.data.durable import replacing
from sevenfold.learning.metrics import title
from sevenfold.learning.page import PAGE, drawing
from sevenfold.learning.plots import plot_evaluation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sevenfold.learning.results import CandidateResult, Evaluation

__all__ = ["write_report"]

_HEADLINES = ("average_precision", "roc_auc", "money_saved", "entity_precision", "recall_at_fpr")
"""What stands large at the head of the page, where it was measured: metrics by how their names begin."""

_TOLD: dict[str, str] = {
    "precision_recall": "Each point is a threshold: how many of the positives it would find, and how many of"
    " its hits would be right.",
    "score_distribution": "Where the scores of positives and negatives lie. Overlap can't be told apart.",
    "calibration": "Events of similar score, and how many of them were positive. On the line, a score of 10 %"
    " means one in ten.",
    "money_saved": "What stopping every event above a threshold would have saved, less what the wrongly"
    " stopped would have cost.",
    "feature_importance": "What the model looks at, by its own measure.",
}


def write_report(
    path: Path,
    evaluation: Evaluation,
    *,
    heading: str,
    subtitle: str,
    facts: Mapping[str, object],
    notes: Iterable[str] = (),
    importance: Mapping[str, float] | None = None,
) -> Path:
    """Write the page; whole or not at all.

    Parameters
    ----------
    path
        The HTML file; its folder is made where it is missing.
    evaluation
        All candidates on all folds.
    heading, subtitle
        What the page is about.
    facts
        Where the figures come from: what they were made of, by name.
    notes
        What a reader should know, in sentences.
    importance
        Each feature's share of what the model relies on; by default that of the best candidate's last fold.

    Raises
    ------
    MissingExtraError
        The extra [learn], which draws the plots, is not installed.
    """
    best = evaluation.best
    with tempfile.TemporaryDirectory(prefix="sevenfold-report-") as folder:
        plots = plot_evaluation(evaluation, Path(folder), importance=importance, suffix=".svg")
        figures = "".join(_figure(plot) for plot in plots)
    body = "".join(
        (
            _head(heading, subtitle),
            _headlines(evaluation, best),
            _section("Candidates", _candidates(evaluation)),
            _section("Plots", f'<div class="plots">{figures}</div>'),
            _section("Folds in time", _folds(best)),
            _section("Worth knowing", _list(notes)) if (notes := list(notes)) else "",
            _section("Where this comes from", _facts(facts)),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as unfinished:
        unfinished.write_text(PAGE.format(title=html.escape(heading), body=body), encoding="utf-8")
    return path


def _head(heading: str, subtitle: str) -> str:
    return f"<header><h1>{html.escape(heading)}</h1><p>{html.escape(subtitle)}</p></header>"


def _headlines(evaluation: Evaluation, best: CandidateResult) -> str:
    entity = evaluation.learning.entity or "entity"
    tiles = []
    for name, measured in best.mean.items():
        estimate = measured.estimate()
        if not name.startswith(_HEADLINES) or estimate.value != estimate.value:
            continue
        shown = title(name, entity)
        tiles.append(
            f'<div class="tile"><b>{estimate.value:.3f}</b><span>{html.escape(shown[:1].upper() + shown[1:])}'
            f"</span><small>{estimate.low:.3f} to {estimate.high:.3f}</small></div>"
        )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _candidates(evaluation: Evaluation) -> str:
    entity, best = evaluation.learning.entity or "entity", evaluation.best
    head = ["", *(r.candidate.name + (" ★" if r is best else "") for r in evaluation.results)]
    rows: list[Sequence[str]] = []
    for name in best.mean:
        cells = []
        for result in evaluation.results:
            e = result.mean[name].estimate()
            missing = e.value != e.value
            cells.append("–" if missing else f"{e.value:.3f}<small> {e.low:.3f}–{e.high:.3f}</small>")
        rows.append([html.escape(title(name, entity)), *cells])
    costs = [r.costs for r in evaluation.results]
    rows += [
        ["seconds to train", *(f"{c.fit_seconds:.1f}" for c in costs)],
        ["microseconds to score an event", *(f"{c.row_us:.0f}" for c in costs)],
        ["kilobytes", *(f"{c.bytes / 1000:,.0f}" for c in costs)],
    ]
    count = len(best.folds)
    told = f"Mean over {count} {'fold' if count == 1 else 'folds'}, with its 95 % interval; ★ was chosen."
    return _table(head, rows) + f"<p class='note'>{told}</p>"


def _folds(best: CandidateResult) -> str:
    rows = [
        (
            html.escape(str(fold.fold)),
            f"{fold.train_rows:,}",
            f"{fold.train_positives:,}",
            f"{len(fold.rows):,}",
            f"{int(fold.y.sum()):,}",
            f"{fold.metrics['average_precision'].value:.3f}",
        )
        for fold in best.folds
    ]
    head = ["", "learned from", "positive", "tested on", "positive", "average precision"]
    return _table(head, rows)


def _facts(facts: Mapping[str, object]) -> str:
    rows = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>" for name, value in facts.items()
    )
    return f"<dl>{rows}</dl>"


def _list(notes: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(note)}</li>" for note in notes) + "</ul>"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    heads = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in head)
    cells = "".join(
        f"<tr><th scope='row'>{row[0]}</th>" + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></div>"


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{html.escape(heading)}</h2>{content}</section>"


def _figure(plot: Path) -> str:
    told = _TOLD[plot.stem]
    return f"<figure>{drawing(plot, told)}<figcaption>{html.escape(told)}</figcaption></figure>"
