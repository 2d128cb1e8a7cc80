"""The content of a document: seven sections with what was decided, promised and measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold.design.document.block import Block, Cell, Drawing, Prose, Section, Table
from sevenfold.design.document.drawing import data_flow
from sevenfold.design.document.promises import promises

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevenfold.design.document.sources import Format, Sources

__all__ = ["sections"]

NONE = "–"


def sections(sources: Sources) -> list[Section]:
    """Lay a document out."""
    return [
        Section(
            "overview", "At a glance", "What was promised, and what was measured.", list(_overview(sources))
        ),
        Section(
            "problem", "Problem", "What is decided, for whom, and what do mistakes cost?", _problem(sources)
        ),
        Section("data", "Data and features", "What is known at a decision?", list(_data(sources))),
        Section("model", "Model and training", "What was learned, from what?", list(_model(sources))),
        Section("serving", "Deployment and serving", "How do decisions come about?", list(_serving(sources))),
        Section("monitoring", "Monitoring and feedback", "How is it watched?", list(_monitoring(sources))),
        Section("trust", "Trust", "Whom must it protect?", list(_trust(sources))),
        Section("scale", "Scale", "What does it run on, and what does that cost?", list(_scale(sources))),
        Section(
            "open", "Open points", "What is not answered, or stands with a reason?", list(_open(sources))
        ),
        Section("reproduce", "How to reproduce", "Where every number comes from.", list(_reproduce(sources))),
    ]


def cell(sources: Sources, address: str, format_: Format = "text") -> Cell:
    """A value, or a dash where there is none."""
    return sources.figure(address, format_) or NONE


def said(sources: Sources, address: str, style: str = "plain") -> Iterator[Prose]:
    """A sentence of the design; nothing where there is none."""
    figure = sources.figure(address)
    if figure is not None:
        yield Prose([figure], style)


def decided(sources: Sources, title: str, address: str, *, skip: Sequence[str] = ()) -> Iterator[Table]:
    """Every answer below an address, with its reason."""
    rows, above = [], None
    for path, at, parent in _leaves(sources, address, address):
        if not any(path.startswith(one) for one in skip):
            reason = cell(sources, f"{parent}/because")
            rows.append((cell(sources, at, "place"), cell(sources, at), "" if reason == above else reason))
            above = reason
    if rows:
        yield Table(title, ["choice", "decided", "because"], rows)


def _leaves(sources: Sources, address: str, top: str) -> Iterator[tuple[str, str, str]]:
    value = sources.get(address)
    items: Any = value.items() if isinstance(value, dict) else enumerate(value or ())
    for name, item in items:
        inner = f"{address}{'' if address.endswith(':') else '/'}{name}"
        if name in ("because", "open_points") or item in (None, "", [], {}):
            continue
        if isinstance(item, dict) or (isinstance(item, list) and any(isinstance(one, dict) for one in item)):
            yield from _leaves(sources, inner, top)
        else:
            yield inner.removeprefix(f"{top}/"), inner, address


def rejected(sources: Sources, *names: str) -> Iterator[Table]:
    """What was considered and not chosen."""
    rows = [
        (cell(sources, f"{at}/choice"), cell(sources, f"{at}/because"))
        for name in names
        for place in range(len(sources.get(f"design:alternatives/{name}") or ()))
        for at in [f"design:alternatives/{name}/{place}"]
    ]
    if rows:
        yield Table("Considered and not chosen", ["instead", "why not"], rows)


def _overview(sources: Sources) -> Iterator[Block]:
    yield from said(sources, "design:because", "quote")
    yield Table("Promised and measured", ["promise", "promised", "measured", ""], promises(sources))
    if sources.get("log:within"):
        yield from _since(sources)
    yield Drawing(data_flow(sources), "What flows where, drawn from the design.")


def _since(sources: Sources) -> Iterator[Block]:
    rows: list[list[Cell]] = []
    asked: list[tuple[str, str, Format]] = [
        ("log entries", "entries", "int"),
        ("decisions", "decisions/count", "int"),
        ("latency, median", "decisions/p50_ms", "ms"),
        ("latency, slowest of a hundred", "decisions/p99_ms", "ms"),
        ("without a model", "decisions/fallback_share", "share"),
        ("approved", "decisions/shares/approve", "share"),
        ("reviewed", "decisions/shares/review", "share"),
        ("blocked", "decisions/shares/block", "share"),
    ]
    for title, path, format_ in asked:
        both = [cell(sources, f"log:{part}/{path}", format_) for part in ("before", "within")]
        if any(one != NONE for one in both):
            rows.append([title, *both])
    since, until = cell(sources, "log:within/since_ms", "day"), sources.figure("log:within/until_ms", "day")
    ends: list[Cell] = [] if until is None else [" until ", until]
    yield Prose(["What changed since ", since, *ends], "note")
    yield Table("Before and since", ["", "before", "since"], rows)


def _problem(sources: Sources) -> list[Block]:
    skip = ("goal", "decision", "expected", "open_points")
    return [
        *said(sources, "design:problem/goal", "quote"),
        *said(sources, "design:problem/decision"),
        *decided(sources, "Decided", "design:problem", skip=skip),
        *decided(sources, "Expected before anything was measured", "design:problem/expected"),
        *rejected(sources, "problem"),
    ]


def _data(sources: Sources) -> Iterator[Block]:
    rows = [
        [
            cell(sources, f"design:event_names/{place}"),
            cell(sources, f"design:events/{name}/doc"),
            cell(sources, f"design:events/{name}/key"),
            cell(sources, f"log:events/{name}", "int"),
        ]
        for place, name in enumerate(sources.get("design:event_names") or ())
    ]
    yield Table("Events (data sheet)", ["event", "what it is", "key", "in the log"], rows)
    fields = [
        [
            cell(sources, f"design:event_names/{place}"),
            cell(sources, f"{at}/name"),
            cell(sources, f"{at}/kind"),
            cell(sources, f"{at}/entity"),
            cell(sources, f"{at}/nullable"),
        ]
        for place, name in enumerate(sources.get("design:event_names") or ())
        for field in sources.get(f"design:events/{name}/fields")
        for at in [f"design:events/{name}/fields/{field}"]
    ]
    yield Table("Fields", ["event", "field", "kind", "entity", "may be missing"], fields, folded=True)
    span = [cell(sources, "log:first_ms", "day"), " to ", cell(sources, "log:last_ms", "day")]
    if span[0] != NONE:
        yield Prose(["The log spans ", *span, "."], "note")
    yield from decided(sources, "What fields should be like", "design:expectations")
    yield from decided(sources, "Label", "design:label")
    yield _catalogue(sources)
    yield from rejected(sources, "data", "features")


def _catalogue(sources: Sources) -> Table:
    names = list(sources.get("design:feature_names") or ())
    importance = sources.get("bundle:metadata/importance") or {}
    order = sorted(range(len(names)), key=lambda place: -importance.get(names[place], 0.0))
    rows = [
        [
            cell(sources, f"design:feature_names/{place}"),
            cell(sources, f"design:features/{names[place]}/text"),
            cell(sources, f"design:features/{names[place]}/lineage"),
            cell(sources, f"bundle:metadata/importance/{names[place]}", "share"),
        ]
        for place in order
    ]
    title = "Features, what the model relies on first" if importance else "Features"
    return Table(title, ["feature", "means", "made from", "importance"], rows, folded=len(rows) > 15)


def _model(sources: Sources) -> Iterator[Block]:
    if sources.get("bundle:id") is None:
        yield Prose(["No model was trained in this home yet."], "note")
    else:
        yield from _card(sources)
    yield from decided(sources, "Decided", "design:learning")
    yield from rejected(sources, "learning")


def _card(sources: Sources) -> Iterator[Block]:
    at = "bundle:metadata"
    asked: list[tuple[str, str, Format]] = [
        ("bundle", "bundle:id", "text"),
        ("method", f"{at}/candidate/kind", "text"),
        ("trained", "bundle:record/created_at", "text"),
        ("data from", f"{at}/training/start", "text"),
        ("data until", f"{at}/training/end", "text"),
        ("examples", f"{at}/training/rows", "int"),
        ("of them positive", f"{at}/training/positives", "int"),
        ("largest difference of the export", f"{at}/onnx_difference", "number"),
        ("seed", f"{at}/seed", "text"),
        ("notes", f"{at}/notes", "text"),
    ]
    rows = [(title, cell(sources, address, format_)) for title, address, format_ in asked]
    yield Table("Model card", ["", "value"], [row for row in rows if row[1] != NONE])
    metrics = sources.get(f"{at}/metrics") or {}
    told = [
        [
            cell(sources, f"bundle:metric_names/{place}"),
            cell(sources, f"{at}/metrics/{name}/value", "decimal"),
            cell(sources, f"{at}/metrics/{name}/low", "decimal"),
            cell(sources, f"{at}/metrics/{name}/high", "decimal"),
        ]
        for place, name in enumerate(metrics)
    ]
    yield Table("On the test periods, with intervals", ["measure", "mean", "from", "to"], told)
    compared = sources.get(f"{at}/compared") or {}
    by = sources.get("design:learning/choose_by")
    rows_of = [
        [
            cell(sources, f"bundle:candidate_names/{place}"),
            cell(sources, f"{at}/compared/{name}/{by}", "decimal"),
        ]
        for place, name in enumerate(compared)
    ]
    yield Table("Candidates, by the measure that decides", ["candidate", "value"], rows_of)


def _serving(sources: Sources) -> Iterator[Block]:
    shares = [
        (title, cell(sources, f"log:decisions/shares/{name}", "share"))
        for title, name in (("approved", "approve"), ("reviewed", "review"), ("blocked", "block"))
    ]
    if sources.get("log:decisions") is not None:
        count = ("decisions", cell(sources, "log:decisions/count", "int"))
        yield Table("What was decided", ["", "recorded"], [count, *shares])
    stages = sources.get("check:stages_us") or {}
    if stages:
        rows = [(name, cell(sources, f"check:stages_us/{name}", "us")) for name in stages]
        yield Table("A decision by stage, mean", ["stage", "measured"], rows)
        yield Prose([cell(sources, "check:measured_by")], "note")
    yield from decided(sources, "Decided", "design:serving")
    yield from rejected(sources, "serving")
    changes = sources.get("log:changes") or ()
    if changes:
        rows_of = [
            [
                cell(sources, f"log:changes/{place}/at_ms", "minute"),
                *(
                    cell(sources, f"log:changes/{place}/{name}")
                    for name in ("kind", "action", "subject", "who", "why")
                ),
            ]
            for place in reversed(range(len(changes)))
        ]
        columns = ["when", "what", "change", "of", "who", "why"]
        yield Table(
            "Rollout and policy history, newest first", columns, rows_of[:200], folded=len(rows_of) > 12
        )
    else:
        yield Prose(["No model, rule or list was changed in this home yet."], "note")


def _monitoring(sources: Sources) -> Iterator[Block]:
    if sources.get("log:alerts") is None:
        yield Prose(["Nothing was noticed in this home yet, or nobody watches it."], "note")
    else:
        rows = [("alerts that fire", cell(sources, "log:alerts/firing", "int"))]
        rows += [
            (cell_text, cell(sources, f"log:alerts/kinds/{cell_text}", "int"))
            for cell_text in sources.get("log:alerts/kinds") or {}
        ]
        yield Table("What is noticed just now", ["", "alerts"], rows)
        yield from said(sources, "log:alerts/names", "code")
    yield from decided(sources, "Monitoring", "design:monitoring")
    yield from decided(sources, "Feedback", "design:feedback")
    yield from rejected(sources, "monitoring", "feedback")


def _trust(sources: Sources) -> Iterator[Block]:
    yield from decided(sources, "Decided", "design:trust")
    yield from rejected(sources, "trust")


def _scale(sources: Sources) -> Iterator[Block]:
    asked: list[tuple[str, str, Format]] = [
        ("state of the features, computed", "check:state_gb", "gb"),
        ("the log now", "log:bytes_gb", "gb"),
        ("the log grows in a day by, computed", "check:log_gb_per_day", "gb"),
        ("machines in a month", "check:month/machines", "int"),
        ("people in a month", "check:month/people", "int"),
        ("reviewers' hours in a day", "check:month/hours", "number"),
    ]
    rows = [(title, cell(sources, address, format_)) for title, address, format_ in asked]
    yield Table("What it takes", ["", "value"], [row for row in rows if row[1] != NONE])
    yield from decided(sources, "Decided", "design:scale")
    yield from rejected(sources, "scale")


def _open(sources: Sources) -> Iterator[Block]:
    for place in range(len(sources.get("design:problem/open_points") or ())):
        yield from said(sources, f"design:problem/open_points/{place}")
    rows = [
        [
            cell(sources, f"check:findings/{place}/id"),
            cell(sources, f"check:findings/{place}/severity"),
            cell(sources, f"check:findings/{place}/wrong"),
            cell(sources, f"check:findings/{place}/by"),
            cell(sources, f"check:findings/{place}/accepted"),
        ]
        for place in range(len(sources.get("check:findings") or ()))
    ]
    if rows:
        yield Table("What the check found", ["id", "", "what", "by how much", "accepted because"], rows)
    else:
        yield Prose(["The check found nothing."], "note")


def _reproduce(sources: Sources) -> Iterator[Block]:
    design = cell(sources, "project:design")
    for command in ("check", "document"):
        yield Prose([f"sevenfold design {command} ", design], "code")
    yield Prose(["sevenfold train ", design], "code")
    versions = sources.get("bundle:metadata/versions") or {}
    rows: list[tuple[Cell, Cell]] = [
        ("sevenfold", cell(sources, "project:version")),
        ("python", cell(sources, "project:python")),
    ]
    rows += [
        (cell(sources, f"bundle:version_names/{place}"), cell(sources, f"bundle:metadata/versions/{name}"))
        for place, name in enumerate(versions)
    ]
    yield Table("Versions", ["", "version"], rows)
    yield Prose(
        [
            (
                "Every value bears the address that it was read from: point at it. "
                "It begins with the design, the log, the bundle (the model), the check or the project."
            )
        ],
        "note",
    )
