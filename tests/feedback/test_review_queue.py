"""The review queue: cases, priorities, locks, verdicts, and a trail of all of it in the log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from reviewed import DAY, HOUR, Bench

import sevenfold as sf
from sevenfold.errors import DataError, UsageError
from sevenfold.feedback.review.fold import entropy
from sevenfold.feedback.review.refusals import ChangedError, NoCaseError
from sevenfold.feedback.review.steps import Opinion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAUD = Opinion(positive=True, reason="stolen", text="The holder denies it.")
FINE = Opinion(positive=False, reason="usual")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_reviews_become_cases_by_what_they_share_and_approvals_do_not(bench: Bench) -> None:
    assert bench.pay(1) == "review"
    assert bench.pay(2, card="c1") == "review"  # the card of the first
    assert bench.pay(3, device="d2") == "review"  # the device of the second
    assert bench.pay(4) == "review"
    assert bench.pay(5, amount=20.0, card="c1") == "approve"
    assert bench.pay(6, amount=900.0, card="c1") == "block"
    listed = bench.queue.cases()
    assert sorted(one.decisions for one in listed) == [1, 3]
    three = next(one for one in listed if one.decisions == 3)
    members = bench.queue.show(three.case).case["members"]
    assert [member["event_id"] for member in members] == ["p1", "p2", "p3"]
    assert {link for member in members for link in map(tuple, member["links"])} >= {
        ("card", "c1"),
        ("device", "d2"),
    }


def test_a_decision_that_shares_with_two_cases_makes_them_one(bench: Bench) -> None:
    bench.pay(1)
    bench.pay(2)
    assert len(bench.queue.cases()) == 2
    bench.pay(3, card="c1", device="d2")
    (one,) = bench.queue.cases()
    assert one.decisions == 3


def test_a_case_that_someone_worked_on_stays_itself(bench: Bench) -> None:
    bench.pay(1)
    bench.pay(2)
    first, second = sorted(one.case for one in bench.queue.cases())
    bench.queue.note(first, "ann", "Asked the bank.")
    bench.queue.note(second, "ben", "Asked the shop.")
    bench.pay(3, card="c1", device="d2")
    assert sorted(one.decisions for one in bench.queue.cases()) == [1, 2]


def test_the_window_and_the_size_bound_a_case(tmp_path: Path) -> None:
    bench = Bench(tmp_path, review=sf.Review(by=("card",), within="1d", most=3, second=0.0))
    bench.pay(1, card="x")
    bench.clock.now += 2 * DAY
    bench.pay(2, card="x")
    assert sorted(one.decisions for one in bench.queue.cases()) == [1, 1], "too long ago"
    for number in range(3, 7):
        bench.pay(number, card="x")
    assert sorted(one.decisions for one in bench.queue.cases()) == [1, 2, 3]
    bench.close()


def test_priority_is_loss_avoided_and_what_is_learned_a_minute(bench: Bench) -> None:
    bench.pay(1, amount=300.0)
    bench.pay(2, amount=700.0)
    first, second = bench.queue.cases()
    # p·missed against (1 − p)·false alarm; a missed positive costs the amount, a false alarm 5.
    for one, amount in ((first, 300.0), (second, 700.0)):
        p = amount / 1000
        gain, learning = min(p * amount, (1 - p) * 5.0), entropy(p)
        assert (one.amount, one.gain) == (amount, pytest.approx(gain))
        assert one.priority == pytest.approx((gain + learning) / (4.0 + 1.0))
    assert first.priority > second.priority


def test_a_case_is_overdue_after_its_time(bench: Bench) -> None:
    bench.pay(1)
    (one,) = bench.queue.cases()
    assert (one.due_ms, one.overdue) == (bench.clock.now + DAY, False)
    bench.clock.now += DAY + 1
    bench.pay(2)
    assert [one.decisions for one in bench.queue.cases(overdue=True)] == [1]
    assert len(bench.queue.cases()) == 2


def test_next_locks_the_most_urgent_case_until_the_lease_ends(bench: Bench) -> None:
    bench.pay(1, amount=700.0)
    bench.pay(2, amount=300.0)
    urgent, other = (one.case for one in bench.queue.cases())
    taken = bench.queue.next("ann")
    assert taken is not None
    assert (taken.listed.case, taken.listed.locked_by) == (urgent, "ann")
    with pytest.raises(ChangedError, match=f"case {urgent}: expected a free case, got locked by ann until"):
        bench.queue.verdict(urgent, "ben", FRAUD)
    following = bench.queue.next("ben")
    assert following is not None
    assert following.listed.case == other
    assert bench.queue.next("cem") is None
    bench.clock.now += HOUR
    again = bench.queue.next("cem")
    assert again is not None
    assert again.listed.locked_by == "cem"


def test_assigned_cases_are_their_owners_first(bench: Bench) -> None:
    bench.pay(1, amount=300.0)
    bench.pay(2, amount=700.0)
    urgent, other = (one.case for one in bench.queue.cases())
    bench.queue.assign(other, "ann", by="lead")
    with pytest.raises(ChangedError, match="expected a free case, got assigned to ann"):
        bench.queue.take(other, "ben")
    taken = bench.queue.next("ann")
    assert taken is not None
    assert taken.listed.case == other
    assert [one.case for one in bench.queue.cases(assignee="ann")] == [other]
    bench.queue.release(other, "ann")
    assert bench.queue.cases(assignee="ann") == []
    assert bench.queue.take(urgent, "ben").by == "ben"


def test_a_verdict_closes_the_case_and_labels_its_decisions(bench: Bench) -> None:
    bench.pay(1)
    bench.pay(2, card="c1")
    bench.pay(3)
    case, alone = sorted((one.case for one in bench.queue.cases()), key=lambda name: int(name[1:]))
    bench.queue.verdict(case, "ann", FRAUD)
    bench.queue.verdict(alone, "ann", FINE)
    assert bench.queue.cases() == []
    assert bench.labels() == {"p1": 1, "p2": 1, "p3": 0}
    shown = bench.queue.show(case)
    assert shown.case["first"]["reason"] == "stolen"
    assert [step["what"] for step in shown.trail] == ["verdict"]


def test_undoing_takes_the_labels_back(bench: Bench) -> None:
    bench.pay(1)
    (one,) = bench.queue.cases()
    with pytest.raises(UsageError, match="There is nothing to undo"):
        bench.queue.undo(one.case, "ann")
    bench.queue.verdict(one.case, "ann", FRAUD)
    bench.clock.now += 1
    bench.queue.undo(one.case, "ben")
    assert bench.labels() == {"p1": -1}
    assert [one.status for one in bench.queue.cases()] == ["open"]
    trail = [(step["what"], step["by"]) for step in bench.queue.trail()]
    assert trail == [("verdict", "ann"), ("undo", "ben")]
    bench.clock.now += 1
    bench.queue.verdict(one.case, "ben", FINE)
    assert bench.labels() == {"p1": 0}


def test_what_came_after_the_look_is_not_part_of_the_verdict(bench: Bench) -> None:
    bench.pay(1)
    (one,) = bench.queue.cases()
    bench.queue.take(one.case, "ann")
    bench.pay(2, card="c1")
    assert [listed.decisions for listed in bench.queue.cases()] == [2]
    bench.queue.verdict(one.case, "ann", FRAUD)
    assert bench.labels() == {"p1": 1, "p2": -1}
    (rest,) = bench.queue.cases()
    assert [member["event_id"] for member in bench.queue.show(rest.case).case["members"]] == ["p2"]


def test_a_bulk_verdict_is_all_or_nothing(bench: Bench) -> None:
    for number in range(4):
        bench.pay(number)
    names = [one.case for one in bench.queue.cases()]
    bench.queue.take(names[3], "ben")
    with pytest.raises(ChangedError, match="locked by ben"):
        bench.queue.bulk(names, "ann", FRAUD)
    assert len(bench.queue.cases()) == 4
    changes = bench.queue.bulk(names[:3], "ann", FRAUD)
    assert len({change.bulk for change in changes}) == 1
    assert len(bench.queue.cases()) == 1
    assert sum(value == 1 for value in bench.labels().values()) == 3


def test_of_two_verdicts_at_once_one_wins(bench: Bench) -> None:
    for number in range(6):
        bench.pay(number)
    names = [one.case for one in bench.queue.cases()]
    other = bench.open_queue()
    for name in names:
        start, told = threading.Barrier(2), []

        def give(queue, who, opinion, name=name, start=start, told=told):
            start.wait()
            try:
                queue.verdict(name, who, opinion)
                told.append("kept")
            except ChangedError as error:
                told.append(str(error))

        threads = [
            threading.Thread(target=give, args=(bench.queue, "ann", FRAUD)),
            threading.Thread(target=give, args=(other, "ben", FINE)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told.count("kept") == 1
        (refused,) = [text for text in told if text != "kept"]
        assert "The case is closed." in refused or "Somebody else was faster." in refused
    assert len(bench.queue.trail()) == len(names)
    other.close()


def test_a_version_that_was_looked_at_is_held_to(bench: Bench) -> None:
    bench.pay(1)
    (one,) = bench.queue.cases()
    bench.queue.note(one.case, "ben", "Wait for the bank.")
    with pytest.raises(ChangedError, match=r"expected version 0, got version 1\. Look again"):
        bench.queue.verdict(one.case, "ann", FRAUD, version=0)
    bench.queue.verdict(one.case, "ann", FRAUD, version=1)


def test_a_second_person_looks_without_seeing_the_first_finding(tmp_path: Path) -> None:
    bench = Bench(tmp_path, review=sf.Review(by=("card",), second=1.0))
    bench.pay(1)
    bench.pay(2)
    first, other = (one.case for one in bench.queue.cases())
    bench.queue.verdict(first, "ann", FRAUD)
    assert bench.queue.next("ann") is not None, "the other case"
    shown = bench.queue.show(first)
    assert shown.listed.status == "second"
    assert "first" not in shown.case
    assert shown.trail == []
    with pytest.raises(UsageError, match="expected a second person, got 'ann'"):
        bench.queue.verdict(first, "ann", FINE)
    bench.clock.now += HOUR
    bench.queue.verdict(first, "ben", FINE)
    assert [one.case for one in bench.queue.cases(("closed",), disputed=True)] == [first]
    assert bench.labels() == {"p1": 0, "p2": -1}
    bench.clock.now += 1
    bench.queue.undo(first, "ben")
    assert bench.labels() == {"p1": 1, "p2": -1}, "what the first person found counts again"
    bench.clock.now += 1
    bench.queue.verdict(first, "ben", FRAUD)
    bench.queue.verdict(other, "ann", FINE)
    bench.queue.verdict(other, "ben", FINE)
    found = bench.queue.agreement()
    assert (found.cases, found.agreed, found.kappa) == (2, 1.0, 1.0)
    bench.close()


def test_what_people_write_is_checked(bench: Bench) -> None:
    bench.pay(1)
    (one,) = bench.queue.cases()
    with pytest.raises(UsageError, match="reason: expected one of stolen, account-taken-over"):
        bench.queue.verdict(one.case, "ann", Opinion(positive=True, reason="because"))
    with pytest.raises(UsageError, match="expected words without card numbers") as caught:
        bench.queue.note(one.case, "ann", "The card is 4111 1111 1111 1111.")
    assert "4111" not in str(caught.value)
    with pytest.raises(UsageError, match="expected a few words or a tag, got neither"):
        bench.queue.note(one.case, "ann", " ")
    with pytest.raises(UsageError, match="by: expected a name, got nothing"):
        bench.queue.release(one.case, " ")
    with pytest.raises(NoCaseError, match="expected the id of a case, got 'c99'"):
        bench.queue.show("c99")
    with pytest.raises(UsageError, match="expected at least one case, got none"):
        bench.queue.bulk([], "ann", FRAUD)


def test_the_queue_is_rebuilt_from_the_log_where_it_is_thrown_away(bench: Bench) -> None:
    for number in range(5):
        bench.pay(number, card=f"c{number % 3}")
    names = [one.case for one in bench.queue.cases()]
    bench.queue.note(names[0], "ann", tags=["mule"])
    bench.queue.verdict(names[0], "ann", FRAUD)
    bench.queue.take(names[1], "ben")
    before = [bench.queue.show(name) for name in names]
    bench.queue.close()
    for file in bench.home.folder.glob("reviews.sqlite*"):
        file.unlink()
    bench.queue = bench.open_queue()
    assert [bench.queue.show(name) for name in names] == before
    assert bench.queue.update() == 0


def test_verdicts_outlive_another_way_of_grouping(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(4):
        bench.pay(number, card=f"c{number // 2}")
    (first, _) = sorted((one.case for one in bench.queue.cases()), key=lambda name: int(name[1:]))
    bench.queue.verdict(first, "ann", FRAUD)
    bench.close()
    apart = Bench(tmp_path, review=sf.Review(by=("card",), most=1, second=0.0))
    assert [one.decisions for one in apart.queue.cases(("closed",))] == [2]
    assert [one.decisions for one in apart.queue.cases()] == [1, 1]
    apart.close()


def test_the_service_goes_on_beside_reviews(bench: Bench) -> None:
    for number in range(10):
        assert bench.pay(number) == "review"
        (one,) = bench.queue.cases()
        bench.queue.verdict(one.case, "ann", FRAUD)
    assert bench.service.ready() == []
    bench.service.parts.log.verify()
    with pytest.raises(DataError, match="Payment is refused"):
        bench.pay(3, amount=500.0)
