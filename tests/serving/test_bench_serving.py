"""The benchmark measures what it says, and its page says what it measured."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from served import opened, payment

from sevenfold.serving.bench.measure import ServingFigures, Start, measure_load, measure_serving
from sevenfold.serving.bench.report import serving_markdown, serving_ratios

if TYPE_CHECKING:
    from pathlib import Path


def test_a_load_counts_its_decisions_and_what_they_took(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        load = await measure_load(service, [payment(number) for number in range(90)], 8)
        assert (load.decisions, load.clients) == (90, 8)
        assert load.together > 1
        assert 0 < load.p50 <= load.p99 <= load.p999
        assert set(load.stages) == {"features", "model", "policy", "record", "reasons", "flush"}
        assert load.own < 1e6 * load.seconds
        await service.close()

    asyncio.run(ask())


def test_the_page_of_a_small_run(home: Path) -> None:
    import polars as pl

    figures = ServingFigures(7, 1, inference_us=10.0, onnx_us=20.0)
    table = pl.DataFrame([payment(1000 + number) for number in range(40)])
    told: list[str] = []
    measure_serving(opened(home), [payment(n) for n in range(600)], table, figures, told.append)
    figures.starts = [Start("without a snapshot", 1000, 0.5, 0.4), Start("with a snapshot", 0, 0.1, 0.1)]
    page = serving_markdown(figures)
    assert "7 features, 1 trees; one inference takes 10.0 µs flat, 20.0 µs by ONNX Runtime." in page
    assert "| without a snapshot | 1,000 | 0.50 | 0.40 | 2,000 |" in page
    assert page.count("| event loop |") == 3
    assert serving_ratios(figures)["inference, of ONNX Runtime's"] == 0.5
    assert told[0] == "the batch door"
