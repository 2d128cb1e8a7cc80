"""A challenger in the shadow that crashes, hangs, gives NaN or is slow: stopped, and told of."""

from __future__ import annotations

import queue
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sevenfold.serving.rollout.shadow import Minder, Shadowed, ShadowError, ShadowTable, score_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _model(score: Callable[[Any], Any]) -> Any:
    return SimpleNamespace(model=SimpleNamespace(score=score)), lambda words: words


def _minded(program: str, silent_s: float = 30.0) -> str:
    told: queue.Queue[str] = queue.Queue()
    minder = Minder([sys.executable, "-c", program], silent_s, told.put)
    why = told.get(timeout=20)
    minder.close()
    return why


def test_one_that_crashes_is_told_of() -> None:
    assert _minded("import os; os._exit(7)") == "Its process ended by itself, with code 7."


def test_one_that_hangs_is_killed() -> None:
    why = _minded("import time; print('on', flush=True); time.sleep(600)", 1.0)
    assert why == "It did not answer for 1 seconds."


def test_one_that_says_why_is_believed() -> None:
    assert _minded("print('unfit: It gave NaN.', flush=True)") == "It gave NaN."


def test_one_that_is_well_goes_on_until_it_is_closed() -> None:
    told: list[str] = []
    program = "import time\nwhile True: print('on', flush=True); time.sleep(0.05)"
    minder = Minder([sys.executable, "-c", program], 20.0, told.append)
    minder.close()
    assert told == []


def test_what_is_no_probability_is_refused() -> None:
    words = np.zeros((5, 2), np.int64)
    with pytest.raises(ShadowError, match="It gave 5 of 5 scores that are no probability"):
        score_words(_model(lambda x: np.full(len(x), np.nan)), None, words, 10.0)
    with pytest.raises(ShadowError, match="It failed: RuntimeError: broken"):
        score_words(_model(_broken), None, words, 10.0)


def _broken(_rows: Any) -> Any:
    raise RuntimeError("broken")


def test_one_that_is_ten_times_slower_is_refused() -> None:
    words = np.zeros((200, 2), np.int64)

    def slow(rows: Any) -> Any:
        time.sleep(0.1)
        return np.zeros(len(rows))

    champion = _model(lambda rows: np.zeros(len(rows)))
    with pytest.raises(ShadowError, match=r"It took .* times as long as the champion; 2 is allowed"):
        score_words(_model(slow), champion, words, 2.0)
    scores, _, _ = score_words(champion, champion, words, 1e9)
    assert scores.tolist() == [0.0] * 200


def test_scores_are_kept_once_and_the_table_goes_on_where_it_was(tmp_path: Path) -> None:
    table = ShadowTable(tmp_path / "shadow.sqlite")
    assert table.done("b") == Shadowed()
    table.add("b", [1, 3], [0.1, 0.2], Shadowed(2, 4, 0.5, 0.25, 1, 0))
    table.add("b", [3], [0.2], Shadowed(2, 4, 0.5, 0.25, 1, 0))
    table.close()
    again = ShadowTable(tmp_path / "shadow.sqlite")
    assert list(again.scores("b")) == [(1, 0.1), (3, 0.2)]
    assert again.done("b").slower == 2.0
    again.close()
