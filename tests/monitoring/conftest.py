"""Make the small design and service that the tests of serving use importable here, too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "serving"))
