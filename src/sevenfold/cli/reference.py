"""The reference of all commands, written from the commands themselves.

``python -m sevenfold.cli.reference docs/cli.md`` writes the page; a test holds that it is up to date and that
no command, argument or option lacks its sentence.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cyclopts import App

from sevenfold.cli import failures
from sevenfold.cli.front import app

__all__ = ["reference", "undocumented"]

_HEAD = """\
# The command line

<!-- Written by `make docs` from src/sevenfold/cli; changes made here are lost. -->

`sevenfold COMMAND --help` shows the same on the terminal. Every long command shows its progress on stderr
and can be interrupted with Ctrl-C; it then tells what is kept and how to go on. `NO_COLOR=1` keeps colour out
of a terminal; pipes and files never get any.

With `--json`, stdout holds one line of JSON and nothing else, also for an error (`error`, `faults`,
`exit_code`); what people read goes to stderr.

| exit code | meaning |
|---|---|
"""


def reference(commands: App = app) -> str:
    """Write the page, as Markdown."""
    body = commands.generate_docs("markdown", heading_level=1, usage_name="sevenfold")
    commands_at = body.index("**Commands**")
    return _HEAD + _exit_codes() + "\n" + re.sub(r"\n{3,}", "\n\n", body[commands_at:]).strip() + "\n"


def undocumented(page: str) -> list[str]:
    r"""Name every command, argument and option of a reference that says nothing about itself.

    >>> undocumented("* `train`: Train a model.\n* `--seed INT`: *[default: 7]*\n* `OUT`: **[required]**")
    ['--seed INT', 'OUT']
    """
    return re.findall(r"^\* \[?`([^`]+)`[^:]*:?(?: *\*+\[[^\]]*\]\*+)*\s*$", page, flags=re.MULTILINE)


def _exit_codes() -> str:
    """Take the exit codes from the docstring of `failures`."""
    rows = re.findall(r"^(\d+) +(\S.*)$", failures.__doc__ or "", flags=re.MULTILINE)
    return "".join(f"| {code} | {meaning} |\n" for code, meaning in rows).replace("``", "`")


if __name__ == "__main__":
    sys.argv[0] = "sevenfold"  # what usages begin with; else it is "python -m" and this module
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
