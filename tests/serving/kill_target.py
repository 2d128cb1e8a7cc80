"""A service under load, for a test that kills it; says on standard output what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from served import chargeback, opened, payment

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.serving.declaration import Serving


async def main(home: Path, first: int, clients: int) -> None:
    """Decide payments from a number on, forever; some of those before it again."""
    serving = Serving(snapshot_every=150, snapshots_kept=2)
    service = opened(home, serving=serving, log=SqliteEventLog(home / "log.sqlite", "full"))
    numbers = iter(range(max(first - 40, 0), 10_000_000))
    sys.stdout.write("ready\n")
    sys.stdout.flush()

    async def client() -> None:
        for number in numbers:
            outcome = await service.decided(payment(number))
            if not outcome.decided:
                raise SystemExit(f"payment {number}: {outcome}")
            if number % 11 == 0:
                await service.accept("Chargeback", [chargeback(number)])
                sys.stdout.write(f"taken {number}\n")
            sys.stdout.write(f"decided {number} {outcome.body.decode()}\n")
            sys.stdout.flush()

    await asyncio.gather(*(client() for _ in range(clients)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
