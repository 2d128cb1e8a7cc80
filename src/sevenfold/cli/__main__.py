"""``python -m sevenfold.cli`` is the same as ``sevenfold``."""

from sevenfold.cli.front import main

main()
