"""Writing a design's file from answers and a sample, and the sample as files of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sevenfold.data.durable import replacing
from sevenfold.data.duration import duration_ms, duration_text
from sevenfold.design.interview.questions import QUESTIONS
from sevenfold.design.interview.sample import moments, truth
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.interview.sample import Sample

__all__ = ["design_text", "write_events"]

_HOUR_MS = 3_600_000
_ANNOTATION = {
    "entity": "sf.Entity",
    "money": "sf.Money",
    "category": "sf.Category",
    "integer": "int",
    "float": "float",
    "boolean": "bool",
    "text": "str",
}
_LEAST_POSITIVES = 10


def design_text(name: str, event: str, sample: Sample, answers: dict[str, Any]) -> str:
    """Write a design that runs as it stands.

    Parameters
    ----------
    name, event
        Of the design and of what is decided.
    sample
        Its columns, confirmed.
    answers
        As `checked_answers` gives them; a question without one becomes an open point.

    Raises
    ------
    DataError
        There is no time or no label, or too few positives.
    """
    span = _span_ms(sample)
    delay = duration_ms(answers["label_delay"]) if "label_delay" in answers else _usual_delay(span)
    given = {question.id: answers.get(question.id, question.default) for question in QUESTIONS}
    open_points = [q.asks for q in QUESTIONS if q.id not in answers] + sample.notes
    names = sample.names()
    label = sample.of("label")[0]
    fields = [f"    {_name(sample, 'key')}: str", f"    {_name(sample, 'time')}: sf.Timestamp"]
    for column, field in names.items():
        kind = sample.kinds[column]
        if kind in _ANNOTATION:
            null = " | None = None" if sample.frame[column].null_count() else ""
            fields.append(f"    {field}: {_ANNOTATION[kind]}{null}")
    # Those with a default stand last, as in any Python class.
    fields.sort(key=lambda line: "= None" in line)
    rows, positives = sample.frame.height, _positives(sample)
    test = duration_text(max(_HOUR_MS, (span - delay) // 5 // _HOUR_MS * _HOUR_MS))
    entities = [names[column] for column in sample.of("entity")]
    purposes = dict.fromkeys(entities, given["purpose"]) if given["purpose"] else {}
    retention = f"\n        retention={given['retention']!r}," if given["retention"] else ""
    return f'''"""The design {name}, written by an interview; every answer in it can be changed."""

from __future__ import annotations

import sevenfold as sf
from sevenfold.learning.splits import Prequential
from sevenfold.problem.problem import Cost, ServiceLevels


class {event}(sf.Event, key="{_name(sample, "key")}", time="{_name(sample, "time")}"):
    """What is decided."""

{chr(10).join(fields)}


class Outcome(sf.Event, key="outcome_id", time="known_at"):
    """Word that an event was positive, when it is heard."""

    outcome_id: str
    known_at: sf.Timestamp
    {_reference(sample)}: str


e = {event}

design = sf.Design(
    name={name!r},
    problem=sf.Problem(
        goal={given["goal"]!r},
        decision={given["decision"]!r},
        users={tuple(given["users"])!r},
        missed=Cost(fixed={given["missed"]!r}, share={1.0 if sample.of("money") else 0.0}),
        false_alarm=Cost(fixed={given["false_alarm"]!r}),
        review=Cost(fixed={given["review"]!r}),
        service_levels=ServiceLevels(
            latency_p99_ms={given["latency_ms"]!r}, decisions_per_second={given["per_second"]!r}
        ),
        expected=sf.Expected(
            per_day={round(rows * 86_400_000 / span, 3)!r},
            positive_rate={round(positives / rows, 6)!r},
            because="The sample: {rows:,} events, {positives:,} of them positive.",
        ),
        budget_per_month={given["budget"]!r},
        open_points=(
{"".join(f"            {point!r},{chr(10)}" for point in open_points)}        ),
    ),
    events=[{event}, Outcome],
    features=sf.features(
{"".join(f"        {line},{chr(10)}" for line in _features(sample, names))}    ),
    label=sf.Label(
        event=Outcome,
        on={event},
        key="{_reference(sample)}",
        matures="{duration_text(delay)}",
        because="An event counts as negative when nothing was heard of it for so long ({label}).",
    ),
    learning=sf.Learning(folds=Prequential(test="{test}", because="The newest fifth of the sample.")),
    serving=sf.Serving(policy=sf.Policy(review_capacity_per_day={given["reviews_per_day"]!r})),
    trust=sf.Trust(
        purposes={purposes!r},{retention}
        erasure={given["erasure"]!r},
        protected={tuple(given["protected"])!r},
    ),
    scale=sf.Scale(reviewers={given["reviewers"]!r}),
)
'''


def write_events(event: str, sample: Sample, answers: dict[str, Any], folder: Path) -> None:
    """Write the sample as the files that the design takes in: its events, and the outcomes of positives."""
    names, frame = sample.names(), sample.frame
    at = _moments(sample)
    delay = (
        duration_ms(answers["label_delay"]) if "label_delay" in answers else _usual_delay(_span_ms(sample))
    )
    key = sample.of("key")
    ids = frame[key[0]].cast(pl.String) if key else pl.Series([f"row-{n}" for n in range(frame.height)])
    columns = {_name(sample, "key"): ids, _name(sample, "time"): at}
    for column, field in names.items():
        kind = sample.kinds[column]
        if kind in _ANNOTATION:
            columns[field] = (
                frame[column].cast(pl.String)
                if kind in ("entity", "category", "text", "money")
                else frame[column]
            )
    table = pl.DataFrame(columns)
    positive = truth(frame[sample.of("label")[0]])
    known = {
        "outcome_id": "outcome-" + ids,
        "known_at": at.dt.offset_by(f"{delay}ms"),
        _reference(sample): ids,
    }
    outcomes = pl.DataFrame(known).filter(positive if positive is not None else pl.lit(value=False))
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in ((event, table.sort(_name(sample, "time"))), ("Outcome", outcomes.sort("known_at"))):
        with replacing(folder / f"{name}.parquet") as unfinished:
            part.write_parquet(unfinished)


def _features(sample: Sample, names: dict[str, str]) -> list[str]:
    """Features of the event itself, and of what each entity did before."""
    time, money = _name(sample, "time"), [names[column] for column in sample.of("money")]
    lines = [
        f"{names[c]}=e.{names[c]}"
        for kind in ("money", "category", "integer", "float", "boolean")
        for c in sample.of(kind)
    ]
    lines += [f"hour_of_day=e.{time}.hour()", f"day_of_week=e.{time}.day_of_week()"]
    for entity in (names[column] for column in sample.of("entity")):
        lines.append(f'{entity}_seen=e.count().by(e.{entity}).over("1h", "1d", "30d")')
        lines.append(f"{entity}_idle=e.{time}.since_last().by(e.{entity})")
        lines += [f'{entity}_{m}_usual=e.{m} / e.{m}.mean().by(e.{entity}).over("30d")' for m in money[:1]]
    return lines


def _name(sample: Sample, kind: str) -> str:
    """The Python name of the key or the time."""
    column = sample.of(kind)
    return sample.names()[column[0]] if column else "event_id"


def _reference(sample: Sample) -> str:
    """What an outcome calls the key of the event that it is about."""
    name = _name(sample, "key")
    return name if name not in ("outcome_id", "known_at") else f"{name}_of"


def _moments(sample: Sample) -> pl.Series:
    time, label = sample.of("time"), sample.of("label")
    faults = [
        Fault(
            "columns", f"a column that is the {what}", "none", f"Columns: {', '.join(sample.frame.columns)}"
        )
        for what, found in (("time of the event", time), ("label, of two values such as 0 and 1", label))
        if not found
    ]
    at = moments(sample.frame[time[0]]) if time else None
    if time and at is None:
        faults.append(Fault(f"column {time[0]}", "a time in every row", "something else"))
    if label and truth(sample.frame[label[0]]) is None:
        faults.append(Fault(f"column {label[0]}", "two values, such as 0 and 1 or yes and no", "others"))
    if faults or at is None:
        raise DataError("No design can be made of this sample", faults)
    return at


def _positives(sample: Sample) -> int:
    values = truth(sample.frame[sample.of("label")[0]])
    count = 0 if values is None else int(values.sum())
    if count < _LEAST_POSITIVES:
        fault = Fault("label", f"{_LEAST_POSITIVES} positives or more", str(count))
        raise DataError("Nothing can be learned from this sample", [fault])
    return count


def _span_ms(sample: Sample) -> int:
    at = _moments(sample).dt.epoch("ms")
    span = int(at.to_numpy().max() - at.to_numpy().min())
    if span < 10 * _HOUR_MS:
        got = duration_text(max(span, 1))
        raise DataError("This sample is too short", [Fault("time", "events of ten hours or more", got)])
    return span


def _usual_delay(span: int) -> int:
    """A tenth of the sample's time, in whole hours: long enough to be seen, short enough to be tried."""
    return max(_HOUR_MS, span // 10 // _HOUR_MS * _HOUR_MS)
