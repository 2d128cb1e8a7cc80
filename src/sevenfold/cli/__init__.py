"""The front door: the ``sevenfold`` command.

One module for each command says what it takes and shows what came of it; what a command *does* is done by the
rooms. `front` lists the commands, `options` holds what all of them take, `terminal` is how they speak, and
`failures` is the one place where an error becomes a message and an exit code.
"""

from sevenfold.cli.front import main

__all__ = ["main"]
