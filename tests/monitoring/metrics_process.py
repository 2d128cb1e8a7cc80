"""A service for Prometheus to scrape, in a process of its own: ``metrics_process.py HOME``.

It has no model at first, so that rules alone decide; once a file named ``model`` lies in the home it has one.
The first line on stdout is the address.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "serving"))

from served import DESIGN, served

from sevenfold.design.doors import http_door
from sevenfold.design.serving import open_service
from sevenfold.serving.http.journal import Journal
from sevenfold.serving.http.limits import Limits
from sevenfold.serving.http.server import Address, leave, serve


def _tell(url: str) -> None:
    print(url, flush=True)  # noqa: T201  (for whoever started the process)


async def main(home: Path) -> None:
    service = open_service(DESIGN, home)
    limits, journal = Limits(), Journal(pretty=False)
    application = http_door(DESIGN, service, home, limits, journal)

    async def swap() -> None:
        while not (home / "model").exists():
            await asyncio.sleep(0.1)
        service.swap(served())

    swapping = asyncio.create_task(swap())
    try:
        await serve(application, Address(port=0), limits, journal, _tell)
    finally:
        swapping.cancel()
        await service.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
    leave()
