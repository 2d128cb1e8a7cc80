"""Sharing commits among threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sevenfold.data.group_commit import GroupCommit


class _Slow:
    """A commit that waits until it is let go, and remembers what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[object]] = []
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, works: list[object]) -> list[object]:
        self.groups.append(works)
        self.entered.release()
        self.go.acquire()
        return [ValueError(work) if str(work).startswith("bad") else f"{work} done" for work in works]


def _wait_for(condition: threading.Event, commits: GroupCommit[object, object], count: int) -> None:
    while len(commits._waiting) < count:
        assert not condition.wait(0.001)


def test_who_comes_during_a_commit_joins_the_next() -> None:
    slow = _Slow()
    commits: GroupCommit[object, object] = GroupCommit(slow, size=lambda _: 1, most=100)
    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(commits, "a")
        slow.entered.acquire()
        rest = [threads.submit(commits, work) for work in ("b", "bad", "c")]
        _wait_for(threading.Event(), commits, 3)
        slow.go.release(2)
        assert first.result() == "a done"
        outcomes = [future.exception() or future.result() for future in rest]
    assert slow.groups[0] == ["a"]
    assert sorted(slow.groups[1]) == ["b", "bad", "c"]
    assert [str(outcome) for outcome in outcomes] == ["b done", "bad", "c done"]


def test_a_commit_grows_no_larger_than_allowed() -> None:
    slow = _Slow()
    slow.go.release(100)
    commits: GroupCommit[object, object] = GroupCommit(slow, size=len, most=3)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(commits, ["xx"] * 40)) == ["xx done"] * 40
    assert max(len(group) for group in slow.groups) <= 2
    assert sum(len(group) for group in slow.groups) == 40


def test_what_a_commit_raises_is_everyones_outcome_and_the_next_goes_on() -> None:
    fail = True

    def commit(works: list[str]) -> list[str]:
        if fail:
            raise OSError("no space")
        return works

    commits: GroupCommit[str, str] = GroupCommit(commit, size=len, most=10)
    with pytest.raises(OSError, match="no space"):
        commits("a")
    fail = False
    assert commits("b") == "b"


def test_an_interrupt_hits_one_thread_and_the_work_of_the_others_is_done() -> None:
    slow = _Slow()
    interrupted = threading.Event()

    def commit(works: list[object]) -> list[object]:
        outcomes = slow(works)
        if "interrupted" in works and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        return outcomes

    commits: GroupCommit[object, object] = GroupCommit(commit, size=lambda _: 1, most=100)

    def interrupted_one() -> str:
        try:
            commits("interrupted")
        except KeyboardInterrupt:
            return "interrupt seen"
        return "not interrupted"

    with ThreadPoolExecutor(4) as threads:
        blocker = threads.submit(commits, "blocker")
        slow.entered.acquire()
        victim = threads.submit(interrupted_one)
        _wait_for(threading.Event(), commits, 1)
        other = threads.submit(commits, "other")
        _wait_for(threading.Event(), commits, 2)
        slow.go.release(3)
        assert blocker.result() == "blocker done"
        assert victim.result() == "interrupt seen"
        assert other.result() == "other done"
    assert slow.groups == [["blocker"], ["interrupted", "other"], ["other"]]
    slow.go.release()
    assert commits("after") == "after done"
