"""The figures as a section of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.learning.flat.bench.measure import Timed

__all__ = ["TITLES", "inference_markdown", "inference_ratios"]

TITLES = {"score": "score one row", "explain": "explain one row", "table": "score a table, each row"}

_BIASES = """\
How this is biased: the same machine runs all parties in turn and is shared with others, so only ratios
within one run mean anything. Calls on one row use one thread, whatever the party; tables use every core. The
rows of one model are the same for all, come one after another, and are never scored twice in a row. XGBoost's
own call is `inplace_predict`, and its contributions include making the `DMatrix` that they need; LightGBM's
are `predict`. The flat form's scores and contributions are compared with the library's before anything is
timed."""


def inference_ratios(timed: Sequence[Timed]) -> dict[str, float]:
    """How many times as long others take as the flat form, by ``model, what, who``."""
    ours = {(one.model, one.what): one.median for one in timed if one.by == "flat"}
    return {
        f"{one.model}, {one.what}, {one.by}": one.median / ours[one.model, one.what]
        for one in timed
        if one.by != "flat"
    }


def inference_markdown(timed: Sequence[Timed]) -> str:
    """The section of ``docs/benchmarks.md``."""
    ours = {(one.model, one.what): one.median for one in timed if one.by == "flat"}
    lines = [
        "## Inference",
        "",
        "| model | what | by | median µs | p99 µs | × flat |",
        "|---|---|---|--:|--:|--:|",
    ]
    for one in timed:
        ratio = one.median / ours[one.model, one.what]
        p99 = "" if one.what == "table" else f"{one.p99:,.1f}"
        lines.append(
            f"| {one.model} | {TITLES[one.what]} | {one.by} | {one.median:,.2f} | {p99} | {ratio:.1f} |"
        )
    return "\n".join([*lines, "", _BIASES, ""])
