"""The one place where what went wrong becomes a message and an exit code.

==========  =====================================================================
exit code   meaning
==========  =====================================================================
0           done
1           the machine's fault: a damaged file, a full disk, an error in this program
2           the user's to mend: a wrong option, a bad file, a mistake in a design
130         interrupted with Ctrl-C; 143 when ended by SIGTERM
141         the reader of our output went away (``sevenfold … | head``)
==========  =====================================================================
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass

from sevenfold.cli.terminal import Interrupted
from sevenfold.errors import Fault, SevenfoldError

__all__ = ["Failure", "Terminated", "explain"]

_KEPT = "Nothing half-written is left behind; run the same command again to go on."


class Terminated(KeyboardInterrupt):
    """The process was asked to end with SIGTERM; handled like Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is told to whoever called.

    Parameters
    ----------
    text
        One paragraph for a person.
    exit_code
        What the process exits with.
    faults
        The single faults, for scripts.
    unexpected
        Whether this is a mistake in the program, worth a report.
    """

    text: str
    exit_code: int
    faults: Sequence[Fault] = ()
    unexpected: bool = False


def explain(error: BaseException, command: str) -> Failure:
    """Say what went wrong, in words that its reader can act on.

    Parameters
    ----------
    error
        What was raised.
    command
        The words of the command, such as ``sevenfold train``.
    """
    if isinstance(error, KeyboardInterrupt):
        kept = error.kept if isinstance(error, Interrupted) else _KEPT
        ended = isinstance(error, Terminated) or isinstance(error.__context__, Terminated)
        return Failure(f"{'Ended' if ended else 'Interrupted'}. {kept}", 143 if ended else 130)
    if isinstance(error, SevenfoldError):
        return Failure(str(error), error.exit_code, error.faults)
    if isinstance(error, MemoryError):
        return Failure(
            "The machine's memory does not suffice for this; what was written is kept. Try fewer.",
            1,
        )
    if isinstance(error, OSError):
        return _of_the_system(error)
    if type(error).__module__.partition(".")[0] == "cyclopts":
        usage = str(error).strip().removeprefix("Error: ")
        return Failure(f"{usage}\n`{command} --help` shows what it takes.", 2)
    return Failure(
        f"{command} met an error that it did not expect: {type(error).__name__}: {error}\n"
        "That is a mistake in this program, not in yours. Please report it with the output of the same "
        "command with --debug, and of `sevenfold --version`.",
        1,
        unexpected=True,
    )


def _of_the_system(error: OSError) -> Failure:
    """Name the file and what to do about it."""
    reason = error.strerror or str(error)
    at = f"{error.filename}: " if error.filename is not None else ""
    hints = {
        errno.ENOSPC: (
            1,
            "Nothing half-written is left; free some space and run it again.",
        ),
        errno.ENOENT: (2, "Is the path right, seen from the current folder?"),
        errno.EISDIR: (2, "A file was expected there, and it is a folder."),
        errno.ENOTDIR: (2, "A folder was expected there, and it is a file."),
        errno.EACCES: (2, "This user may not read or write it."),
        errno.EROFS: (2, "That file system is read-only; --home names another place."),
    }
    code, hint = hints.get(error.errno or 0, (1, "The system refused it; nothing half-written is left."))
    return Failure(f"{at}{reason}. {hint}", code)
