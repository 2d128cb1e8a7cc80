"""Requests made from the OpenAPI document by an independent tool: valid, malformed and absurd ones.

A few hundred here; ``SEVENFOLD_EXAMPLES=1500`` makes more than ten thousand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Door

EXAMPLES = os.environ.get("SEVENFOLD_EXAMPLES", "15")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)


def test_nothing_made_from_the_document_makes_the_service_fail(door: Door, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    before = len(door.log.read_text())
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{door.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {door.key}", "--max-examples", EXAMPLES),
        *("--phases", "examples,fuzzing", "--checks", ",".join(CHECKS), "--seed", "7", "--no-shrink"),
        *("--generation-database", "none", "--report", "json", "--report-json-path", str(report)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    cases = json.loads(report.read_text())["test_cases"]
    assert cases["generated"] >= 7 * int(EXAMPLES) // 2
    assert cases["with_failures"] == cases["errored"] == 0
    assert '"level": "error"' not in door.log.read_text()[before:], "no fault was logged"
