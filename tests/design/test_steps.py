"""Steps are done once, redone when what they depend on changes, and never half recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sevenfold.design.steps import Steps

if TYPE_CHECKING:
    from pathlib import Path


class Job:
    """Two steps, of which the second uses the first."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.did = folder, list[str]()

    def run(self, seed: int = 1, depth: int = 3, *, breaks: bool = False) -> list[bool]:
        steps = Steps(self.folder)
        out = self.folder / "data"

        def first() -> dict[str, object]:
            self.did.append("first")
            out.parent.mkdir(exist_ok=True)
            out.write_bytes(b"x")
            return {"rows": 10, "seed": seed}

        def second() -> dict[str, object]:
            self.did.append("second")
            if breaks:
                raise KeyboardInterrupt
            return {"auc": 0.75, "shape": (1, 2)}

        one = steps.do("first", {"seed": seed}, first, [out])
        two = steps.do("second", {"depth": depth}, second)
        assert one.result == {"rows": 10, "seed": seed}
        assert two.result == {"auc": 0.75, "shape": [1, 2]}
        return [one.again, two.again]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "run")


def test_a_second_run_does_nothing_and_reports_the_same(job: Job) -> None:
    assert job.run() == [False, False]
    assert job.run() == [True, True]
    assert job.did == ["first", "second"]


def test_a_later_input_redoes_only_later_steps(job: Job) -> None:
    job.run()
    assert job.run(depth=4) == [True, False]


def test_an_earlier_input_redoes_everything_after_it(job: Job) -> None:
    job.run()
    assert job.run(seed=2) == [False, False]


def test_an_interrupted_step_is_done_again_and_the_one_before_is_kept(job: Job) -> None:
    with pytest.raises(KeyboardInterrupt):
        job.run(breaks=True)
    assert job.run() == [True, False]
    assert job.did == ["first", "second", "second"]


def test_a_step_interrupted_while_redone_does_not_leave_its_old_record(job: Job) -> None:
    job.run()
    with pytest.raises(KeyboardInterrupt):
        job.run(depth=4, breaks=True)
    assert job.run() == [True, False]


def test_a_step_whose_file_is_gone_is_done_again(job: Job) -> None:
    job.run()
    (job.folder / "data").unlink()
    assert job.run() == [False, True]


def test_a_torn_record_counts_as_not_done(job: Job) -> None:
    job.run()
    record = job.folder / "first.json"
    record.write_bytes(record.read_bytes()[:20])
    assert job.run() == [False, True]
