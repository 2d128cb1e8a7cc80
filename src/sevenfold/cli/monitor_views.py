"""``sevenfold monitor performance``, ``fairness`` and ``skew``: what the log says of decisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.design import Design
    from sevenfold.monitoring.performance.rates import Rate
    from sevenfold.monitoring.watcher import Watcher

__all__ = ["fairness", "performance", "skew"]

By = Literal["all", "model", "day"]


def performance(
    design: str,
    /,
    *,
    by: str = "all",
    plots: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Say how good decisions were, on days whose labels are final, and what to expect of the others.

    Nothing that may still be reported counts as legitimate. What the control
    group let through stands for what was blocked. Intervals are of 95 %.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    by
        all, model, day, or a segment that the design declares.
    plots
        A folder for pictures by day.
    """
    from sevenfold.cli.monitor import moment
    from sevenfold.design.load import load
    from sevenfold.design.watched import performance_watcher
    from sevenfold.monitoring.performance.figures import FIGURES, RATES

    terminal, loaded = options.terminal(), load(design)
    watcher = performance_watcher(loaded, _label(loaded))
    _check("--by", by, ["all", "model", "day", *watcher.splits])
    _show(terminal, loaded, options, watcher)
    if by == "day":
        figures = {moment(day * 86_400_000)[:10]: rates for day, rates in watcher.by_day(60).items()}
    else:
        figures = watcher.by_value(by)
    columns = list(FIGURES)
    days = watcher.matured["day"].n_unique()
    terminal.table(
        [by, *columns],
        [(value or "all", *(_told(rates[name]) for name in columns)) for value, rates in figures.items()],
        title=f"Decisions of the last {watcher.declared.days} of {days:,} days whose labels are final",
    )
    errors, expected = watcher.errors(), watcher.expected()
    waiting = watcher.cohorts.waiting.height
    terminal.table(
        ["expected of the others", "value", "low", "high", "off before, mean", "off before, size", "days"],
        [(name, r.value, r.low, r.high, *errors.get(name, (None, None, 0))) for name, r in expected.items()],
        title=f"What scores lead to expect of {waiting:,} decisions whose labels are not final",
    )
    found = watcher.findings(watcher.cohorts.newest_ms)
    for finding in found:
        terminal.say(f"{finding.subject}: {finding.summary}", style="yellow")
    drawn = []
    if plots is not None:
        from sevenfold.monitoring.performance.plot import plot_performance

        plots.mkdir(parents=True, exist_ok=True)
        drawn = [str(plot_performance(watcher, name, plots / f"{name}.png")) for name in RATES]
    terminal.result(
        {
            "design": loaded.name,
            "by": by,
            "days": days,
            "figures": {value or "all": _plain(rates) for value, rates in figures.items()},
            "expected": _plain(expected),
            "errors": {name: {"mean": e[0], "size": e[1], "days": e[2]} for name, e in errors.items()},
            "waiting": waiting,
            "late": watcher.cohorts.late,
            "crossed": [finding.subject for finding in found],
            "plots": drawn,
        }
    )


def fairness(
    design: str,
    /,
    *,
    mitigate: Literal["thresholds", "reweighing"] | None = None,
    measure: Literal["selection", "false_positives", "true_positives"] = "false_positives",
    limit: float | None = None,
    plots: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Compare the groups that the design declares, and say what bringing them together would cost.

    Nothing is changed by it. Groups that are too small are left out of
    comparisons; a difference counts where it is beyond the limit and chance.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    mitigate
        thresholds: a threshold for each group, chosen on earlier days and
        measured on later ones. reweighing: train the first candidate twice.
    measure
        What thresholds bring together.
    limit
        How far groups may be apart then; by default what the design declares.
    plots
        A folder for pictures of the groups.
    """
    from sevenfold.design.load import load
    from sevenfold.design.watched import fairness_watcher
    from sevenfold.errors import Fault, UsageError

    terminal, loaded = options.terminal(), load(design)
    declared = loaded.monitoring.fairness
    if not declared.groups:
        hint = "Declare them: monitoring=sf.Monitoring(fairness=sf.Fairness(groups=(sf.Group(...),)))"
        raise UsageError("No groups are compared", [Fault("monitoring.fairness", "groups", "none", hint)])
    watcher = fairness_watcher(loaded, _label(loaded), options.home)
    rows = _Rows() if mitigate == "thresholds" else None
    watcher.followed.matured_day = None if rows is None else rows.add
    _show(terminal, loaded, options, watcher)
    result: dict[str, Any] = {"design": loaded.name, "groups": {}, "mitigation": {}, "plots": []}
    for group in watcher.groups:
        figures, apart = watcher.by_group(group), watcher.disparities(group)
        _tell_group(terminal, group, figures, watcher.sums(group))
        terminal.table(
            ["apart", "value", "low", "high", "limit", "highest", "lowest", "beyond"],
            [
                (d.measure, d.value, *d.interval, d.limit, d.high, d.low, "yes" if d.crossed else "")
                for d in apart
            ],
            title=f"How far apart, by {group}",
        )
        result["groups"][group] = {
            "figures": {value: _plain(rates) for value, rates in figures.items()},
            "apart": {d.measure: {"value": d.value, "limit": d.limit, "crossed": d.crossed} for d in apart},
        }
        if plots is not None:
            from sevenfold.monitoring.fairness.plot import plot_groups

            plots.mkdir(parents=True, exist_ok=True)
            result["plots"].append(str(plot_groups(figures, plots / f"fairness_{group}.png", group)))
        if rows is not None:
            result["mitigation"][group] = _thresholds(terminal, rows, group, measure, limit, declared.limits)
        elif mitigate == "reweighing":
            result["mitigation"][group] = _reweighing(terminal, loaded, options, group)
    terminal.result(result)


def skew(design: str, /, *, share: float = 1.0, options: Options = DEFAULTS) -> None:
    """Compare the features of decisions, as they were recorded, with a backfill of the log.

    They are equal bit for bit, or the first difference of each feature is
    shown with its event and both values.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    share
        Of the decisions that are compared, 0 to 1.
    """
    from sevenfold.design.load import load
    from sevenfold.design.watched import skew_watcher

    terminal, loaded = options.terminal(), load(design)
    watcher = skew_watcher(loaded, share)
    _show(terminal, loaded, options, watcher)
    found = watcher.findings(0)
    other = f"; {watcher.other_program:,} were made with other features" if watcher.other_program else ""
    terminal.say(f"{watcher.compared:,} decisions compared, {len(found)} features differ{other}.")
    for finding in found:
        terminal.say(finding.summary, style="red")
    terminal.result(
        {
            "design": loaded.name,
            "compared": watcher.compared,
            "other_program": watcher.other_program,
            "differ": {finding.subject: dict(finding.values) for finding in found},
        }
    )


class _Rows:
    """Matured decisions, kept for thresholds to be chosen on."""

    def __init__(self) -> None:
        self.days: list[Any] = []

    def add(self, day: Any) -> None:
        self.days.append(day)

    def by(self, group: str) -> Any:
        import polars as pl

        if not self.days:
            return pl.DataFrame(schema={"group": pl.String, "weight": pl.Float64, "day": pl.Int64})
        return pl.concat(self.days).rename({f"by.{group}": "group"})


def _thresholds(
    terminal: Terminal, rows: _Rows, group: str, measure: Any, limit: float | None, limits: dict[str, float]
) -> dict[str, Any]:
    from dataclasses import asdict

    from sevenfold.monitoring.fairness.mitigation import mitigate

    asked = limits.get(measure, 0.8 if measure == "selection" else 0.01) if limit is None else limit
    found = mitigate(rows.by(group), measure, asked)
    names = ("selection", "false_positives", "true_positives")
    terminal.table(
        [group, "shift, log-odds", *(f"{name}, {when}" for name in names for when in ("now", "then"))],
        [
            (
                value,
                found.shifts.get(value, 0.0),
                *(getattr(one.groups[value], n) for n in names for one in (found.before, found.after)),
            )
            for value in found.before.groups
        ],
        title=f"A threshold for each {group}, chosen on earlier days and measured on later ones",
    )
    terminal.table(
        ["of all", "now", "then"],
        [
            (f"{measure} apart", found.before.apart(measure), found.after.apart(measure)),
            ("precision", found.before.precision, found.after.precision),
            ("recall", found.before.recall, found.after.recall),
            ("cost of mistakes a day", found.before.cost_per_day, found.after.cost_per_day),
        ],
        title="What it costs",
    )
    return asdict(found)


def _reweighing(terminal: Terminal, design: Design, options: Options, group: str) -> dict[str, Any]:
    from sevenfold.design.watched import reweighed

    with terminal.step(f"training twice, by {group}"):
        found = reweighed(design, options.home, group)
    both, has = (found.before, found.after), found.before.metrics
    metrics = ("average_precision", "log_loss", "money_saved")
    terminal.table(
        ["", "as it is", "reweighed"],
        [
            *((name, *(str(o.metrics[name].estimate()) for o in both)) for name in metrics if name in has),
            *(
                (f"{title} of {value}", *(getattr(one, name)[value] for one in both))
                for name, title in (("false_positives", "false positives"), ("true_positives", "recall"))
                for value in getattr(found.before, name)
            ),
        ],
        title=f"Training with group and label made independent, by {group}; {found.rows:,} events tested on",
    )
    return {
        when: {
            "metrics": {name: m.estimate().to_json() for name, m in one.metrics.items()},
            "false_positives": dict(one.false_positives),
            "true_positives": dict(one.true_positives),
        }
        for when, one in zip(("before", "after"), both, strict=True)
    }


def _tell_group(
    terminal: Terminal, group: str, figures: dict[str, dict[str, Rate]], sums: dict[str, dict[str, float]]
) -> None:
    columns = ["selection", "false_positives", "recall", "calibration"]
    terminal.table(
        [group, "decisions", "positives", *columns],
        [
            (
                value,
                int(sums[value]["decisions"]),
                int(sums[value]["tp_n"] + sums[value]["fn_n"]),
                *(_told(rates[name]) for name in columns),
            )
            for value, rates in figures.items()
        ],
        title=f"Decisions by {group}",
    )


def _show(terminal: Terminal, design: Design, options: Options, watcher: Watcher) -> None:
    """Show the whole log to a watcher."""
    from sevenfold.design.home import Home
    from sevenfold.design.watching import reading_of
    from sevenfold.errors import Fault, UsageError
    from sevenfold.monitoring.page import pages

    home = Home(options.home, design.name)
    if not home.log.exists():
        hint = f"Decide something first: sevenfold serve {design.name}"
        raise UsageError("There is nothing to look at", [Fault(str(home.log), "a log", "none", hint)])
    with home.open_log() as log, terminal.progress("reading", unit="entries") as tick:
        end = log.end()
        for page in pages(log, reading_of(design)):
            watcher.see(page)
            tick(page.stop, end, "reading")


def _label(design: Design) -> Any:
    from sevenfold.errors import Fault, UsageError

    if design.label is None:
        hint = "Declare which event marks which: label=sf.Label(...)"
        raise UsageError("Nothing says what became of decisions", [Fault("label", "a label", "none", hint)])
    return design.label


def _check(where: str, value: str, known: list[str]) -> None:
    from sevenfold.errors import Fault, UsageError

    if value not in known:
        raise UsageError("There is no such split", [Fault(where, f"one of {', '.join(known)}", repr(value))])


def _told(rate: Rate) -> str:
    return str(rate)


def _plain(rates: dict[str, Rate]) -> dict[str, Any]:
    return {name: rate.to_json() for name, rate in rates.items()}
