"""What Prometheus is told: few labels with few values, none of which a client can make up."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

from sevenfold.serving.tally import STAGE_BOUNDS_S
from sevenfold.serving.values_seen import SCORE_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

    from sevenfold.serving.stats import Stats

__all__ = ["ROUTES", "Telemetry"]

ROUTES = ("decide", "decision", "events", "inference", "health", "metrics", "openapi", "other")
"""Every value of the label ``route``, beside the names of other rooms that plug routes in."""

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Telemetry:
    """Counts what happens at the door.

    Plain integers, turned into metrics when Prometheus asks: everything here runs on the event loop's one
    thread, and a library's counters, which are safe for many, would cost a request several microseconds.

    Parameters
    ----------
    stats
        Gives what the service counts by itself, whenever Prometheus asks.
    rooms
        Other rooms that plug routes in: further values of the label ``route``.
    collectors
        What other rooms have to say, as collectors of prometheus_client; they must not wait for a disk.

    Attributes
    ----------
    under_way
        Tells how many requests are being answered.
    """

    def __init__(
        self,
        stats: Callable[[], Stats] | None = None,
        rooms: Iterable[str] = (),
        collectors: Sequence[Collector] = (),
    ) -> None:
        self._stats, self._collectors = stats, collectors
        routes = dict.fromkeys((*ROUTES, *rooms))
        self.under_way: Callable[[], int] = lambda: 0
        self._statuses: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._outcomes: defaultdict[str, int] = defaultdict(int)
        self._denied: defaultdict[str, int] = defaultdict(int)
        self._buckets = {route: [0] * (len(_SECONDS) + 1) for route in routes}
        self._seconds = dict.fromkeys(routes, 0.0)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._statuses[route, status] += 1
        self._buckets[route][bisect_left(_SECONDS, seconds)] += 1
        self._seconds[route] += seconds

    def outcome(self, status: str) -> None:
        """Count a payment by what became of it."""
        self._outcomes[status] += 1

    def denied(self, reason: str) -> None:
        """Count a request without a good key."""
        self._denied[reason] += 1

    def text(self) -> bytes:
        """Everything in the format that Prometheus reads."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        if self._stats is not None:
            registry.register(_Service(self._stats))
        for collector in self._collectors:
            registry.register(collector)
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def collect(self) -> Iterable[Metric]:
        """Give what was counted at the door."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "sevenfold_http_requests", "Requests answered, by route and status", labels=["route", "status"]
        )
        for (route, status), count in self._statuses.items():
            requests.add_metric([route, str(status)], count)
        denied = CounterMetricFamily(
            "sevenfold_http_denied", "Requests without a good key, by reason", labels=["reason"]
        )
        for reason, count in self._denied.items():
            denied.add_metric([reason], count)
        outcomes = CounterMetricFamily(
            "sevenfold_http_outcomes", "Payments answered, by what became of them", labels=["outcome"]
        )
        for outcome, count in self._outcomes.items():
            outcomes.add_metric([outcome], count)
        seconds = HistogramMetricFamily(
            "sevenfold_http_request_seconds",
            "Seconds from the request's headers to its answer",
            labels=["route"],
        )
        bounds = [*map(str, _SECONDS), "+Inf"]
        for route, counts in self._buckets.items():
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            seconds.add_metric([route], buckets, self._seconds[route])
        under_way = GaugeMetricFamily(
            "sevenfold_http_requests_under_way", "Requests that are being answered", self.under_way()
        )
        yield from (requests, denied, outcomes, seconds, under_way)


class _Service:
    """Shows the service's own numbers, as they are when Prometheus asks."""

    def __init__(self, stats: Callable[[], Stats]) -> None:
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        """Give counters and gauges."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        stats = self._stats()
        for name, about, value in (
            ("decisions", "New decisions", stats.decided),
            ("events_taken", "Other events taken in", stats.taken),
            ("commits", "Commits; decisions over commits is how many were decided together", stats.groups),
            ("fallbacks", "Decisions by rules alone, since there was no score", stats.fallbacks),
            ("model_failures", "How often the model failed", stats.model_failures),
            ("rebuilds", "How often the state was rebuilt", stats.rebuilt),
            ("snapshots", "Snapshots of the state taken", stats.snapshots),
        ):
            yield CounterMetricFamily(f"sevenfold_{name}", about, value)
        actions = CounterMetricFamily("sevenfold_actions", "Decisions by action", labels=["action"])
        for action, count in stats.actions.items():
            actions.add_metric([action], count)
        seconds = CounterMetricFamily("sevenfold_stage_seconds", "Seconds spent, by stage", labels=["stage"])
        for stage, spent in stats.seconds.items():
            seconds.add_metric([stage], spent)
        yield from (actions, seconds)
        yield from _values(stats)
        rules = CounterMetricFamily("sevenfold_rules", "What rules did", labels=["rule", "what"])
        for name, did in stats.rules.items():
            for what, count in (("hits", did.hits), ("unknown", did.unknown), ("errors", did.errors)):
                rules.add_metric([name, what], count)
        broken = GaugeMetricFamily(
            "sevenfold_rules_broken",
            "Rules that should run and no longer fit the design",
            sum(did.broken for did in stats.rules.values()),
        )
        yield from (rules, broken)
        for name, about, value in (
            ("waiting", "Events that wait for a decision or for the disk", stats.waiting),
            ("log_entries", "Entries of the log", stats.log_end),
            (
                "snapshot_lag_entries",
                "Entries after the newest snapshot",
                stats.log_end - stats.snapshot_offset,
            ),
            ("entities", "Entities whose state is kept", stats.entities),
        ):
            yield GaugeMetricFamily(f"sevenfold_{name}", about, value)
        serving = GaugeMetricFamily("sevenfold_serving", "What decides", labels=["model", "policy"])
        serving.add_metric([stats.model or "none", stats.policy], 1)
        yield serving


def _values(stats: Stats) -> Iterable[Metric]:
    """Give what took how long, what scores were like, and which features had no value."""
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    took = HistogramMetricFamily(
        "sevenfold_stage_duration_seconds",
        "Seconds that a group of decisions spent in a stage together",
        labels=["stage"],
    )
    bounds = [*map(str, STAGE_BOUNDS_S), "+Inf"]
    for stage, counts in stats.stage_buckets.items():
        took.add_metric([stage], list(zip(bounds, accumulate(counts), strict=True)), stats.seconds[stage])
    scores = HistogramMetricFamily("sevenfold_scores", "Calibrated probabilities of decisions")
    if stats.score_buckets:
        counted = list(accumulate(stats.score_buckets))
        buckets = [*zip(map(str, SCORE_BOUNDS), counted, strict=True), ("+Inf", counted[-1])]
        scores.add_metric([], buckets, stats.score_sum)
    nulls = CounterMetricFamily(
        "sevenfold_feature_nulls", "Decisions in which a feature had no value", labels=["feature"]
    )
    for feature, count in stats.nulls.items():
        nulls.add_metric([feature], count)
    yield from (took, scores, nulls)
