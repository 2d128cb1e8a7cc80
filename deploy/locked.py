"""Print the entries of requirements.lock for some packages, with their versions, markers and hashes.

``python locked.py requirements.lock NAME… @FILE…``: a FILE holds names, one a line. pip then installs exactly
these, and refuses anything that the lock does not know.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_BEGIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==")


def entries(lock: str) -> dict[str, list[str]]:
    """Return the entries of a lock by the normalised names of packages; several where markers differ."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lock.splitlines():
        match = _BEGIN.match(line)
        if match:
            name = normal(match.group(1))
            found.setdefault(name, []).append(line)
        elif name and line.startswith((" ", "\t")):
            found[name][-1] += f"\n{line}"
    return found


def normal(name: str) -> str:
    """Return the normalised name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(words: list[str]) -> list[str]:
    """Return the names that words stand for."""
    found = []
    for word in words:
        lines = Path(word[1:]).read_text(encoding="utf-8").splitlines() if word.startswith("@") else [word]
        found += [normal(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return found


def main(lock: str, *words: str) -> None:
    """Print the entries, or end with a list of the names that the lock lacks."""
    known = entries(Path(lock).read_text(encoding="utf-8"))
    wanted = names(list(words))
    missing = [name for name in wanted if name not in known]
    if missing:
        sys.exit(f"{lock} does not hold: {', '.join(missing)}")
    for name in wanted:
        sys.stdout.write("\n".join(known[name]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
