"""``sevenfold bench loop``: ninety simulated days with the loop at work, beside a frozen model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.cli.options import Options
    from sevenfold.cli.terminal import Terminal
    from sevenfold.systems.fraud.loop.trial import Lived, Trial
    from sevenfold.systems.fraud.loop.verdict import Verdict

__all__ = ["bench_loop"]

_DAYS, _ONSET, _PAST = 90, 45, 180


def bench_loop(payments: int, days: int, out: Path | None, options: Options) -> None:
    """Live both lives, show what they cost, and draw it; a run that was interrupted goes on.

    Parameters
    ----------
    payments
        A day.
    days
        How many are lived; the new pattern begins in their middle.
    out
        A Markdown file to write the figures to; the picture lies beside it, as PNG.
    options
        As every command has them.
    """
    from sevenfold.systems.fraud.loop.picture import draw
    from sevenfold.systems.fraud.loop.trial import Lived, Trial, live, prepare
    from sevenfold.systems.fraud.loop.verdict import WITHIN_DAYS, judged

    least = (("--payments", payments, 100), ("--days", days, 2 * (WITHIN_DAYS + 3)))
    faults = [Fault(name, f"at least {low:,}", f"{given:,}") for name, given, low in least if given < low]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()
    trial = Trial(payments_a_day=payments, past=_PAST, days=days, onset=days // 2)
    digest = hashlib.sha256(json.dumps(trial.to_json(), sort_keys=True).encode()).hexdigest()[:8]
    folder = options.home / "fraud" / "runs" / f"loop-{digest}"
    lived: dict[str, Lived] = {}
    with (
        terminal.keeping(f"What is done lies in {folder}; the same command goes on."),
        terminal.progress("preparing", unit="days") as tick,
    ):

        def told(done: int, total: int, what: str) -> None:
            tick(done, total, what, "days")

        prepare(trial, folder / "past", told)
        for name in ("frozen", "loop"):
            found = Lived.load(folder / name)
            if found is None:
                found = live(trial, folder / "past", folder / f"{name}-home", loop=name == "loop", told=told)
                found.save(folder / name)
            lived[name] = found
    verdict = judged(lived["frozen"].ledger, lived["loop"].ledger, trial.onset)
    picture = folder / "loop.png" if out is None else out.with_suffix(".png")
    subtitle = (
        f"{payments:,} payments a day; from day {trial.onset + WITHIN_DAYS} on the loop won back "
        f"{verdict.won_back[0]:.0%} of what the new pattern cost"
    )
    draw(lived["frozen"].ledger, lived["loop"].ledger, trial.onset, lived["loop"].promoted, picture, subtitle)
    _show(terminal, trial, lived, verdict)
    terminal.say(f"Drawn: {picture}")
    if out is not None:
        out.write_text(_markdown(trial, lived, verdict, picture.name))
        terminal.say(f"Written to {out}")
    terminal.result(
        {"verdict": verdict.to_json(), "promoted": lived["loop"].promoted, "trial": trial.to_json()}
    )


def _rows(trial: Trial, lived: dict[str, Lived]) -> list[tuple[str, ...]]:
    from sevenfold.systems.fraud.loop.verdict import WITHIN_DAYS

    late = trial.onset + WITHIN_DAYS
    rows = []
    for name, first, stop in (
        (f"quiet, days 0 to {trial.onset - 1}", 0, trial.onset),
        (f"the three weeks from day {trial.onset}", trial.onset, late),
        (f"days {late} to {trial.days - 1}", late, trial.days),
    ):
        for who, one in lived.items():
            part = one.ledger[first:stop]
            mean = {column: float(part[column].to_numpy().mean()) for column in part.columns}
            new, stopped = mean["new_frauds"], mean["new_stopped"]
            share = f"{stopped / new:.0%}" if new else "–"
            figures = (mean["lost"], mean["missed"], mean["false_alarms"], mean["review_time"])
            rows.append((name, who, *(f"{figure:,.0f}" for figure in figures), f"{new:.1f}", share))
    return rows


_HEAD = (
    "days",
    "who",
    "lost a day",
    "to frauds",
    "to false alarms",
    "to reviews",
    "new frauds a day",
    "stopped",
)


def _show(terminal: Terminal, trial: Trial, lived: dict[str, Lived], verdict: Verdict) -> None:
    terminal.table(_HEAD, _rows(trial, lived), title="By the truth, which no part of the system sees; EUR")
    terminal.table(
        ["day", "what the loop did", "about"],
        [
            (
                told["day"],
                told["what"],
                str(told.get("about") or told.get("said") or told.get("why", ""))[:90],
            )
            for told in lived["loop"].story
        ],
    )
    for line in _sentences(verdict):
        terminal.say(line)


def _sentences(verdict: Verdict) -> list[str]:
    won, worse = verdict.won_back, verdict.worse
    back = (
        f"Won back: {won[0]:.0%} of the extra loss of {verdict.extra:,.0f} a day (95 %: {won[1]:.0%} to "
        f"{won[2]:.0%}); wanted: half of it."
    )
    quiet = (
        f"On quiet days the loop lost {worse[0]:+,.0f} a day against the frozen model "
        f"(95 %: {worse[1]:+,.0f} to {worse[2]:+,.0f}); wanted: never worse."
    )
    return [back, quiet]


def _about(told: dict[str, Any]) -> str:
    return " ".join(str(told[key]) for key in ("about", "why", "said") if told.get(key))


def _markdown(trial: Trial, lived: dict[str, Lived], verdict: Verdict, picture: str) -> str:
    def row(cells: tuple[str, ...]) -> str:
        return f"| {' | '.join(cells)} |"

    lines = [f"![What was lost a day]({picture})", "", row(_HEAD), "|---|---|" + "--:|" * (len(_HEAD) - 2)]
    lines += [row(cells) for cells in _rows(trial, lived)]
    lines += ["", *_sentences(verdict), "", row(("day", "what the loop did")), "|--:|---|"]
    for told in lived["loop"].story:
        did = f"{told['what']}: {_about(told)}"
        lines.append(row((str(told["day"]), did[:200].replace("|", "/"))))
    return "\n".join(lines) + "\n"
