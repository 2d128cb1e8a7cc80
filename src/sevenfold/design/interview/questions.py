"""The questions that a senior engineer asks before anything is built, each with the reason for asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sevenfold.errors import DesignError, Fault, UsageError
from sevenfold.features.window import duration_ms

__all__ = ["QUESTIONS", "Question", "checked_answers"]


@dataclass(frozen=True)
class Question:
    """One question.

    Parameters
    ----------
    id
        What an answers file calls it.
    section
        Of the design.
    asks, why
        The question, and why it is asked.
    default
        What the design holds without an answer; the question is then an open point.
    example
        An answer.
    kind
        ``"text"``, ``"number"``, ``"whole"``, ``"duration"`` or ``"list"``.
    """

    id: str
    section: str
    asks: str
    why: str
    default: Any
    example: str
    kind: str = "text"


QUESTIONS: tuple[Question, ...] = (
    Question(
        "goal",
        "problem",
        "What should be better?",
        "A model that serves no goal can't be judged.",
        "Find the positive events.",
        "Stop fraudulent orders before they are sent.",
    ),
    Question(
        "decision",
        "problem",
        "What is decided about an event, and when?",
        "Only what is known by then may be used.",
        "Approve, review or block each event as it happens.",
        "Hold back an order before it is packed.",
    ),
    Question(
        "users",
        "problem",
        "Who is affected, or works with it?",
        "They see its mistakes.",
        [],
        "customers, analysts",
        "list",
    ),
    Question(
        "missed",
        "problem",
        "What does a missed positive cost beside its amount?",
        "Costs, not scores, decide.",
        10.0,
        "20",
        "number",
    ),
    Question(
        "false_alarm",
        "problem",
        "What does a false alarm cost?",
        "It sets the threshold.",
        5.0,
        "5",
        "number",
    ),
    Question(
        "review",
        "problem",
        "What does one review by a person cost?",
        "It says when asking a person pays.",
        2.0,
        "3",
        "number",
    ),
    Question(
        "latency_ms",
        "problem",
        "In how many milliseconds must 99 of 100 decisions be answered?",
        "It bounds features and model.",
        50.0,
        "50",
        "number",
    ),
    Question(
        "per_second",
        "problem",
        "How many decisions a second come at peak?",
        "Queues grow at peak.",
        50.0,
        "200",
        "number",
    ),
    Question(
        "label_delay",
        "data",
        "How long does it take until the truth is known?",
        "Younger events can't be learned from.",
        "",
        "30d",
        "duration",
    ),
    Question(
        "reviews_per_day",
        "serving",
        "How many events can people look at in a day?",
        "More alerts than that help nobody.",
        100,
        "100",
        "whole",
    ),
    Question(
        "retention",
        "trust",
        "How long may events be kept?",
        "Windows and law pull in different directions.",
        "",
        "730d",
        "duration",
    ),
    Question(
        "erasure",
        "trust",
        "How is a person forgotten who asks for it?",
        "The log is only appended to.",
        "",
        "Destroy the key of the customer's tokens.",
    ),
    Question(
        "purpose",
        "trust",
        "What are the entities' data held for?",
        "Data without a purpose may not be held.",
        "",
        "To tell usual orders from a thief's.",
    ),
    Question(
        "protected",
        "trust",
        "What must decisions not depend on?",
        "It has to be watched.",
        [],
        "nationality, age",
        "list",
    ),
    Question(
        "reviewers",
        "scale",
        "How many people review, in full time?",
        "Their hours are the capacity.",
        1.0,
        "2",
        "number",
    ),
    Question(
        "budget",
        "scale",
        "What may machines and people cost in a month?",
        "Some systems can't pay.",
        None,
        "8000",
        "number",
    ),
)
"""In the order of asking."""

_EXPECTED = {
    "text": "a sentence",
    "number": "a number, zero or more",
    "whole": "a whole number, one or more",
    "duration": "a duration such as '30d'",
    "list": "a list of texts, or one text with commas",
}


def checked_answers(given: dict[str, Any], known: tuple[str, ...] = ()) -> dict[str, Any]:
    """Check answers, and give them in their types; those that are empty count as not given.

    Raises
    ------
    UsageError
        With every answer that is to no question or of the wrong kind.
    """
    questions = {question.id: question for question in QUESTIONS}
    faults, answers = [], {}
    for name, value in given.items():
        if name in known:
            answers[name] = value
        elif name not in questions:
            hint = f"Questions: {', '.join((*known, *questions))}"
            faults.append(Fault(f"answers.{name}", "the answer to a question", repr(name), hint))
        elif value not in (None, "", []):
            try:
                answers[name] = _typed(questions[name], value)
            except (ValueError, TypeError, DesignError):
                faults.append(Fault(f"answers.{name}", _EXPECTED[questions[name].kind], repr(value)))
    if faults:
        raise UsageError("These answers cannot be used.", faults)
    return answers


def _typed(question: Question, value: Any) -> Any:
    if question.kind == "list":
        parts = value.split(",") if isinstance(value, str) else list(value)
        return [str(part).strip() for part in parts]
    if question.kind in ("number", "whole"):
        number = float(value)
        if isinstance(value, bool) or not 0 <= number < float("inf"):
            raise ValueError
        if question.kind == "whole" and (number != int(number) or number < 1):
            raise ValueError
        return int(number) if question.kind == "whole" else number
    if not isinstance(value, str):
        raise TypeError
    if question.kind == "duration":
        duration_ms(value)
    return value
