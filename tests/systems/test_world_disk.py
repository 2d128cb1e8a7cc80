"""What a full disk and Ctrl-C leave behind: what was there before."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from sevenfold.systems.fraud.world import plan, simulate


@pytest.fixture
def earlier(tmp_path):
    """A world that is there already, with a note of its owner in it."""
    folder = tmp_path / "world"
    simulate(500, 1, folder, days=10)
    (folder / "note.txt").write_text("mine")
    return folder


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_world_replaces_the_earlier_one_and_nothing_else(earlier):
    before = _contents(earlier)
    simulate(500, 2, earlier, days=10)
    after = _contents(earlier)
    assert after.keys() == before.keys()
    assert after["note.txt"] == b"mine"
    assert after["Payment.parquet"] != before["Payment.parquet"]


@pytest.mark.parametrize("calls", [1, 3])
def test_ctrl_c_leaves_the_earlier_world_and_no_draft(earlier, monkeypatch, calls):
    monkeypatch.setattr(plan, "PER_SLICE", 100)
    before = _contents(earlier)
    heard = []

    def interrupt(done, total):
        heard.append(done)
        if len(heard) == calls:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(500, 2, earlier, days=10, progress=interrupt)
    assert _contents(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["world"]


def test_ctrl_c_before_there_is_a_world_leaves_nothing(tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(500, 2, tmp_path / "deep" / "world", progress=interrupt)
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("per_slice", [100_000, 500])
def test_a_full_disk_is_an_error_of_the_system_and_leaves_the_earlier_world(earlier, per_slice):
    before = _contents(earlier)
    program = f"""
        import resource, sys
        from pathlib import Path
        from sevenfold.systems.fraud.world import plan, simulate
        plan.PER_SLICE = {per_slice}
        simulate(10, 1, Path({str(earlier.parent)!r}) / "warm")
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            simulate(5_000, 2, {str(earlier)!r}, days=20)
        except OSError as error:
            print(error)
            sys.exit(7)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 7, done.stderr
    assert "File too large" in done.stdout
    assert _contents(earlier) == before
    assert sorted(path.name for path in earlier.parent.iterdir()) == ["warm", "world"]
