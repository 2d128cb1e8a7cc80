"""What Prometheus is told: few labels with few values, none of which a client can make up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import CollectorRegistry, Counter
    from prometheus_client.metrics_core import Metric

    from sevenfold.serving.stats import Stats

__all__ = ["ROUTES", "Telemetry"]

ROUTES = ("decide", "decision", "events", "inference", "health", "metrics", "openapi", "other")
"""Every value of the label ``route``."""

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Telemetry:
    """Counts what happens at the door.

    Parameters
    ----------
    stats
        Gives what the service counts by itself, whenever Prometheus asks.
    """

    def __init__(self, stats: Callable[[], Stats] | None = None) -> None:
        from prometheus_client import (
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
            ProcessCollector,
            disable_created_metrics,
        )

        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry: CollectorRegistry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests: Counter = Counter(
            "sevenfold_http_requests",
            "Requests answered, by route and status",
            ["route", "status"],
            registry=self.registry,
        )
        seconds = Histogram(
            "sevenfold_http_request_seconds",
            "Seconds from the request's headers to its answer",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._seconds = {route: seconds.labels(route) for route in ROUTES}
        self._denied: Counter = Counter(
            "sevenfold_http_denied",
            "Requests without a good key, by reason",
            ["reason"],
            registry=self.registry,
        )
        self._decisions: Counter = Counter(
            "sevenfold_http_outcomes",
            "Payments answered, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.under_way: Gauge = Gauge(
            "sevenfold_http_requests_under_way", "Requests that are being answered", registry=self.registry
        )
        self._by_status: dict[tuple[str, int], Counter] = {}
        self._by_outcome: dict[str, Counter] = {}
        if stats is not None:
            self.registry.register(_Service(stats))

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        counter = self._by_status.get((route, status))
        if counter is None:
            counter = self._by_status[route, status] = self._requests.labels(route, str(status))
        counter.inc()
        self._seconds[route].observe(seconds)

    def outcome(self, status: str) -> None:
        """Count a payment by what became of it."""
        counter = self._by_outcome.get(status)
        if counter is None:
            counter = self._by_outcome[status] = self._decisions.labels(status)
        counter.inc()

    def denied(self, reason: str) -> None:
        """Count a request without a good key."""
        self._denied.labels(reason).inc()

    def text(self) -> bytes:
        """Everything in the format that Prometheus reads."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


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
