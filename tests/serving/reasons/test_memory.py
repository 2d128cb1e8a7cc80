"""Earlier decisions are remembered within bounds."""

from __future__ import annotations

from sevenfold.serving.reasons.memory import Memory


def test_the_latest_decisions_of_an_entity_are_remembered_in_order():
    memory = Memory[int](decisions=3)
    for decision in range(5):
        memory.add("a", decision)
    assert list(memory.of("a")) == [2, 3, 4]
    assert list(memory.of("b")) == []


def test_entities_that_were_not_heard_of_for_longest_go_first():
    memory = Memory[int](entities=2)
    for entity in ("a", "b", "a", "c"):
        memory.add(entity, 1)
    assert len(memory) == 2
    assert list(memory.of("b")) == []
    assert list(memory.of("a")) == [1, 1]


def test_nobody_is_remembered_by_no_name():
    memory = Memory[int]()
    memory.add(None, 1)
    assert len(memory) == 0
    assert list(memory.of(None)) == []


def test_an_entity_can_be_forgotten():
    memory = Memory[int]()
    memory.add("a", 1)
    memory.forget("a")
    memory.forget("b")
    assert list(memory.of("a")) == []
