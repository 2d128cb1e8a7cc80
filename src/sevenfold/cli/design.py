"""``sevenfold design``: ask, check, explain and write down a design."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.check.check import Report
    from sevenfold.design.check.finding import Finding

__all__ = ["check", "design", "document", "explain", "new"]

design = App(
    name="design",
    help="Ask for a design, check it with arithmetic, explain it and write its document.",
    help_format="plaintext",
    result_action="return_value",
)

_COLOUR = {"error": "red", "warning": "yellow", "info": "cyan"}


@design.command
def check(
    design: str,
    /,
    *,
    sarif: Path | None = None,
    measure: Annotated[bool, Parameter(negative="--no-measure")] = True,
    options: Options = DEFAULTS,
) -> None:
    """Test every claim of a design with arithmetic, before money is spent.

    Numbers come from the design, from the events in the home where there are
    any, and from made-up decisions that are timed on this machine. Exits with
    1 where an error was found that the design does not accept.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    sarif
        A file to write the findings into as SARIF 2.1.0, for a code forge.
    measure
        Time made-up decisions on this machine; without, checks of latency are
        left out.
    """
    import json

    from sevenfold.design.check.check import check as check_design
    from sevenfold.design.load import load

    terminal = options.terminal()
    with terminal.keeping("Nothing was changed."), terminal.progress("measuring", unit="decisions") as tick:
        report = check_design(load(design), options.home, measure=measure, tell=tick)
    if sarif is not None:
        from sevenfold.design.check.sarif import sarif as as_sarif

        sarif.write_text(json.dumps(as_sarif(report), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _tell(terminal, report)
    terminal.result(report.to_json())
    if report.errors:
        raise SystemExit(1)


@design.command
def new(
    *,
    sample: Path,
    out: Path,
    answers: Path | None = None,
    name: str | None = None,
    event: str = "Event",
    options: Options = DEFAULTS,
) -> None:
    """Ask what a design must answer, and write one that runs as it stands.

    Columns are proposed from a sample of labelled events and confirmed. On a
    terminal every question is asked, with its reason; Enter leaves one open.
    Beside the design's file, a folder named after it gets the sample as the
    events that the design takes in.

    Parameters
    ----------
    sample
        A CSV, JSON Lines or Parquet file of labelled events.
    out
        The design's file to write, such as orders.py; it must not be there.
    answers
        A TOML or JSON file of answers; then nothing is asked. A table "columns"
        says what columns are.
    name
        Of the design; by default that of the file.
    event
        What one row is called, such as Order.
    """
    import sys

    from sevenfold.cli.interview import asked
    from sevenfold.design.interview.start import begin, read_answers

    terminal = options.terminal()
    given = read_answers(answers) if answers is not None else {}
    started = begin(sample, out, given, name=name, event=event)
    if answers is None and sys.stdin.isatty():
        started = asked(terminal, started)
    terminal.table(["column", "is"], list(started.sample.kinds.items()), title="Columns")
    events = started.write(out)
    for point in started.open_points():
        terminal.say(f"open: {point}", style="yellow")
    terminal.say(f"Written to {out}, its events to {events}. Next: sevenfold run {out} --events {events}")
    terminal.result(
        {"out": out, "events": events, "columns": started.sample.kinds, "open": started.open_points()}
    )


@design.command
def explain(design: str, section: str, /, *, options: Options = DEFAULTS) -> None:
    """Say what was decided in a section, what else was considered, and why.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    section
        problem, data, features, learning, serving, monitoring, trust or scale.
    """
    from sevenfold.design.explain import explain as explained
    from sevenfold.design.load import load

    terminal = options.terminal()
    told = explained(load(design), section)
    if not told.answered:
        terminal.say("The design does not answer this section; its defaults hold.", style="yellow")
    reason = ""
    for one in told.decisions:
        terminal.say(f"{one.where} = {one.value}")
        if one.because and one.because != reason:
            terminal.say(f"    because: {one.because}", style="cyan")
        reason = one.because
    for choice, because in told.alternatives:
        terminal.say(f"not: {choice}", style="yellow")
        terminal.say(f"    because: {because}", style="cyan")
    for point in told.open_points:
        terminal.say(f"open: {point}", style="red")
    terminal.result(told.to_json())


@design.command
def document(
    design: str,
    /,
    *,
    out: Path,
    markdown: Annotated[bool, Parameter(negative="")] = False,
    since: str | None = None,
    until: str | None = None,
    measure: Annotated[bool, Parameter(negative="--no-measure")] = True,
    options: Options = DEFAULTS,
) -> None:
    """Write a design's document: what was decided and why, beside what was measured.

    One HTML file that needs nothing else, made from the design, the log and
    the current model; every value in it bears the address it was read from.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    out
        The file to write.
    markdown
        Write Markdown in place of HTML.
    since
        A day such as 2026-01-31: what changed since then is told apart.
    until
        The day before which --since ends; by default everything after.
    measure
        Time made-up decisions on this machine, for latency and throughput.
    """
    import time

    from sevenfold.data.durable import replacing
    from sevenfold.design.document.gather import gather
    from sevenfold.design.document.render import as_html, as_markdown
    from sevenfold.design.load import load

    terminal = options.terminal()
    window = {"since_ms": _day("--since", since), "until_ms": _day("--until", until)}
    now = time.time_ns() // 1_000_000
    with terminal.keeping("Nothing was written."), terminal.step("gathered"):
        sources = gather(load(design), options.home, measure=measure, now_ms=now, **window)
    text = as_markdown(sources) if markdown else as_html(sources)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    terminal.say(f"Written to {out}")
    terminal.result({"out": out, "bytes": len(text.encode())})


def _day(where: str, text: str | None) -> int | None:
    """The beginning of a day, UTC, epoch milliseconds."""
    from datetime import UTC, datetime

    from sevenfold.errors import Fault, UsageError

    if text is None:
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise UsageError("This is no day.", [Fault(where, "a day such as 2026-01-31", repr(text))]) from None


def _tell(terminal: Terminal, report: Report) -> None:
    for one in report.findings:
        _tell_finding(terminal, one)
    open_ = [one for one in report.findings if one.accepted is None]
    accepted = len(report.findings) - len(open_)
    counts = ", ".join(
        f"{sum(one.severity == severity for one in open_)} {severity}"
        for severity in ("error", "warning", "info")
    )
    terminal.say(
        f"{counts}; {accepted} accepted. Each is explained in docs/design-check.md.",
        style="red" if report.errors else "green",
    )


def _tell_finding(terminal: Terminal, one: Finding) -> None:
    if one.accepted is not None:
        terminal.say(f"{one.id} accepted  {one.where}: {one.wrong}", style="dim")
        terminal.say(f"    because: {one.accepted}", style="dim")
        return
    terminal.say(f"{one.id} {one.severity}  {one.where}: {one.wrong}", style=_COLOUR[one.severity])
    terminal.say(f"    by: {one.by}")
    terminal.say(f"    fix: {one.fix}")
    for line in one.arithmetic:
        terminal.say(f"      {line}", style="dim")
