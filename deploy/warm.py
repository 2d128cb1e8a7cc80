"""Compile every kernel that a service runs, by running each of them once: for the image's build."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import sevenfold as sf
from sevenfold.features.warm import warm_up
from sevenfold.learning.flat.warm import warm_up as warm_up_trees
from sevenfold.serving.rules.warm import warm_up as warm_up_rules


async def main() -> None:
    """Compile features and trees, then open a service, which compiles what rules run on."""
    warm_up()
    warm_up_trees()
    warm_up_rules()
    with tempfile.TemporaryDirectory() as home:
        service = sf.load("fraud").engine(home=Path(home))
        await service.close()


if __name__ == "__main__":
    asyncio.run(main())
