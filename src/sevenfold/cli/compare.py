"""``sevenfold compare``: candidates and features side by side, on data of which the answer is known."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.cli.terminal import Terminal
    from sevenfold.systems.fraud.comparison import Comparison as FraudComparison
    from sevenfold.systems.handbook.comparison import Comparison as HandbookComparison

__all__ = ["compare"]

_PAYMENTS, _SEED = 300_000, 7


def compare(
    design: str,
    source: Path | None = None,
    /,
    *,
    seeds: int = 5,
    folds: int = 4,
    choose: Annotated[bool, Parameter(negative="")] = False,
    payments: int = _PAYMENTS,
    seed: int = _SEED,
    threads: int = 0,
    options: Options = DEFAULTS,
) -> None:
    """Compare candidates and features where the truth is known.

    For the handbook design: the published figures of its table, and ours
    beside them, by the same protocol. For the fraud design: each candidate,
    each group of features and each way to treat late labels on a simulated
    world, by pattern of fraud.

    Parameters
    ----------
    design
        handbook or fraud.
    source
        For handbook, its table; by default the one that SEVENFOLD_HANDBOOK
        names. For fraud, the folder of a world with its truth; by default one
        is simulated.
    seeds
        For handbook: with how many seeds each row is trained.
    folds
        For handbook: how many of the four folds are tested.
    choose
        For handbook: try settings on the periods before the first test.
    payments
        For fraud: how many payments to simulate.
    seed
        For fraud: decides the simulated world.
    threads
        For training; 0 takes every core.
    """
    terminal = options.terminal()
    module = f"sevenfold.systems.{design}.comparison"
    if design not in ("handbook", "fraud") or importlib.util.find_spec(module) is None:
        fault = Fault("design", "handbook or fraud, whose truth is known", repr(design))
        raise UsageError("There is nothing to compare with.", [fault])
    faults = [
        Fault(f"--{name}", "at least 1", str(value))
        for name, value in (("seeds", seeds), ("folds", folds), ("payments", payments))
        if value < 1
    ]
    if folds > 4:
        faults.append(Fault("--folds", "at most 4, as there are", str(folds)))
    if faults:
        raise UsageError("These can't be compared.", faults)
    with (
        terminal.keeping("Nothing was changed; the same command starts over."),
        terminal.progress("preparing", unit="fits") as tick,
    ):

        def told(done: float, total: float, what: str) -> None:
            tick(done, total, what, "steps")

        comparison: Any
        if design == "handbook":
            comparison = importlib.import_module(module).compare(
                source,
                seeds=range(1, seeds + 1),
                choose=choose,
                folds=folds,
                threads=threads,
                progress=told,
            )
        else:
            world = _world(options, source, payments, seed, told)
            comparison = importlib.import_module(module).compare(
                world, seed=seed, threads=threads, progress=told
            )
    if design == "handbook":
        _tell_handbook(terminal, comparison, published=not choose)
    else:
        _tell_fraud(terminal, comparison)
    terminal.result(comparison.to_json())


def _world(options: Options, source: Path | None, payments: int, seed: int, told: Any) -> Any:
    """Read a world, or simulate one."""
    from sevenfold.design.load import load
    from sevenfold.design.tables import read_tables
    from sevenfold.design.workspace import Workspace
    from sevenfold.systems.fraud.comparison import World, read_truth
    from sevenfold.systems.fraud.world import simulate

    workspace = Workspace(load("fraud"), options.home)
    folder = source
    if folder is None:
        folder = workspace.home.worlds / f"compared-{payments}-{seed}"
        told(0, 1, "simulating")
        simulate(payments, seed, folder)
    truth = folder / "truth.parquet"
    if not truth.is_file():
        hint = "sevenfold simulate writes it beside the events."
        raise UsageError("There is no truth to compare with.", [Fault(str(truth), "a file", "none", hint)])
    told(0, 1, "reading the world")
    events = workspace.design.events
    files = {name: folder / f"{name}.parquet" for name in events if (folder / f"{name}.parquet").is_file()}
    found = read_tables(events, files, workspace.home.rejects / "compare.csv")
    told(0, 1, "features")
    return World.of(workspace.design, found.tables, read_truth(truth))


def _tell_handbook(terminal: Terminal, comparison: HandbookComparison, *, published: bool) -> None:
    from sevenfold.systems.handbook.comparison import COLUMNS, PUBLISHED, best_published

    columns = ["", "ROC AUC", "average precision", "card precision@100"]
    if published:
        rows = [(name, *(f"{figure:.3f}" for figure in row)) for name, row in PUBLISHED]
        best = ("best of each column", *(f"{figure:.3f}" for figure in best_published()))
        terminal.table(columns, [*rows, best], title="Published: mean of four folds")
    for block in comparison.blocks:
        terminal.table(
            [*columns, "± folds", "± seeds", "fit, s", "row, µs"],
            [
                (
                    row.name,
                    *(str(row.estimate(metric)) for metric in COLUMNS),
                    " ".join(f"{row.over_folds(metric):.3f}" for metric in COLUMNS),
                    " ".join(f"{row.over_seeds(metric):.4f}" for metric in COLUMNS),
                    f"{row.fit_seconds:.1f}",
                    f"{row.row_us:.0f}",
                )
                for row in block.rows
            ],
            title=f"{block.title}: mean of {comparison.folds} folds and {comparison.seeds} seeds",
        )
    told = ", ".join(
        f"{name} {figure:.3f}" for name, figure in zip(columns[1:], comparison.perfect, strict=True)
    )
    terminal.say(f"A judge who knows every label would reach: {told}")


def _tell_fraud(terminal: Terminal, comparison: FraudComparison) -> None:
    rows, frauds = comparison.tested
    terminal.say(f"Tested on {rows:,} payments, {frauds:,} of them fraud by the world's truth.")
    best = max(comparison.candidates, key=lambda found: found.average_precision)
    head = ["average precision", "recall at 0.1 %", "at 1 %", "money saved", "days at 0.1 %", "at 1 %"]
    terminal.table(
        ["candidate, all features", *head, "row, µs"],
        [(one.name, *_figures(one), f"{one.row_us:.0f}") for one in comparison.candidates],
        title="Candidates; recall at a share of honest payments stopped, days until the first is caught",
    )
    terminal.table(
        ["pattern", "frauds", "attacks", "recall at 0.1 %", "at 1 %", "caught", "days at 0.1 %", "at 1 %"],
        [
            (
                one.name,
                one.frauds,
                one.attacks,
                *map(_share, one.recall),
                _share(one.caught[-1]),
                *map(_number, one.days),
            )
            for one in best.patterns
        ],
        title=f"Patterns of fraud, by {best.name}",
    )
    whole = next(one for one in comparison.candidates if one.name == "LightGBM")
    terminal.table(
        ["features about", "columns", "ns an event", *(f"alone: {h}" for h in head[:4:3]), "lost without"],
        [
            (
                group.name,
                len(group.features),
                f"{group.ns:,.0f}",
                f"{group.alone.average_precision:.3f}",
                _share(group.alone.saved),
                f"{whole.average_precision - group.without.average_precision:+.3f}",
            )
            for group in comparison.groups
        ],
        title=f"Groups of features, by {whole.name} ({whole.average_precision:.3f} with all of them,"
        f" {comparison.all_ns:,.0f} ns an event)",
    )
    _tell_patterns(terminal, comparison)
    terminal.table(
        ["about", "what is learned from", *head[:4], "score / truth"],
        [
            (one.about, one.outcome.name, *_figures(one.outcome)[:4], f"{one.bias:.2f}")
            for one in comparison.corrections
        ],
        title=f"Late, missing and wrong labels, by {whole.name}",
    )


def _tell_patterns(terminal: Terminal, comparison: FraudComparison) -> None:
    """Show every candidate, and every group of features by itself and left out, pattern by pattern."""
    names = [one.name for one in comparison.candidates[0].patterns]
    outcomes = [(one.name, one) for one in comparison.candidates]
    outcomes += [(f"{group.name} alone", group.alone) for group in comparison.groups]
    outcomes += [(f"without {group.name}", group.without) for group in comparison.groups]
    terminal.table(
        ["", *names],
        [(name, *(_of_pattern(found, pattern) for pattern in names)) for name, found in outcomes],
        title="Recall at 0.1 % / at 1 %, money at 1 %, days until caught at 1 %, by pattern",
    )


def _of_pattern(found: Any, pattern: str) -> str:
    one = next((each for each in found.patterns if each.name == pattern), None)
    if one is None:
        return "–"
    low, high = (_share(share).removesuffix(" %") for share in one.recall)
    return f"{low} / {high}, {_share(one.amount[-1])}, {_number(one.days[-1])}"


def _figures(found: Any) -> Sequence[str]:
    every = found.all
    recall = [_share(share) for share in every.recall]
    return (f"{found.average_precision:.3f}", *recall, _share(found.saved), *map(_number, every.days))


def _share(value: float) -> str:
    return "–" if value != value else f"{value * 100:.1f} %"


def _number(value: float) -> str:
    return "–" if value != value else f"{value:.1f}"
