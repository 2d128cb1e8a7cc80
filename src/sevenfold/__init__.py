"""Sevenfold: a design you can run, and a running system you can read as a design.

Everything that a design file needs is here under one name: ``import sevenfold as sf``. What is heavy is
loaded where it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from sevenfold._version import __version__

# Not lazily like the others: the package of the same name would stand in its place as soon as it is imported.
from sevenfold.features.declaration import features

if TYPE_CHECKING:
    from sevenfold.data.expectation import expect
    from sevenfold.data.fields import Category, Entity, Money, Timestamp
    from sevenfold.design.design import Design
    from sevenfold.design.load import load
    from sevenfold.features.conditional import when
    from sevenfold.features.expression import feature
    from sevenfold.features.position import distance_km, speed_kmh
    from sevenfold.features.stream import Event
    from sevenfold.feedback.active.declaration import Active
    from sevenfold.feedback.declaration import Feedback
    from sevenfold.feedback.retraining.declaration import Retraining
    from sevenfold.feedback.review.declaration import Review
    from sevenfold.feedback.review.events import ReviewTag, ReviewVerdict
    from sevenfold.feedback.weak import WeakLabel
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.label import Label
    from sevenfold.learning.label_source import LabelSource
    from sevenfold.monitoring.alerts.declaration import Alerts, Webhook
    from sevenfold.monitoring.declaration import Monitoring
    from sevenfold.monitoring.fairness.declaration import Fairness, Group
    from sevenfold.monitoring.performance.declaration import Performance
    from sevenfold.problem.expected import Alternative, Expected
    from sevenfold.problem.problem import Problem
    from sevenfold.scale.declaration import Scale
    from sevenfold.serving.declaration import Serving
    from sevenfold.serving.policy import Control, Policy
    from sevenfold.serving.rollout.declaration import ABTest, Guardrails, Rollout
    from sevenfold.trust.declaration import Trust

__all__ = [
    "ABTest",
    "Active",
    "Alerts",
    "Alternative",
    "Category",
    "Control",
    "Design",
    "Entity",
    "Event",
    "Expected",
    "Fairness",
    "Feedback",
    "Group",
    "Guardrails",
    "Label",
    "LabelSource",
    "Learning",
    "Money",
    "Monitoring",
    "Performance",
    "Policy",
    "Problem",
    "Retraining",
    "Review",
    "ReviewTag",
    "ReviewVerdict",
    "Rollout",
    "Scale",
    "Serving",
    "Timestamp",
    "Trust",
    "WeakLabel",
    "Webhook",
    "__version__",
    "distance_km",
    "expect",
    "feature",
    "features",
    "load",
    "speed_kmh",
    "when",
]

_HOME = {
    "ABTest": "serving.rollout.declaration",
    "Active": "feedback.active.declaration",
    "Alerts": "monitoring.alerts.declaration",
    "Alternative": "problem.expected",
    "Category": "data.fields",
    "Control": "serving.policy",
    "Design": "design.design",
    "Entity": "data.fields",
    "Event": "features.stream",
    "Expected": "problem.expected",
    "Fairness": "monitoring.fairness.declaration",
    "Feedback": "feedback.declaration",
    "Group": "monitoring.fairness.declaration",
    "Guardrails": "serving.rollout.declaration",
    "Label": "learning.label",
    "LabelSource": "learning.label_source",
    "Learning": "learning.declaration",
    "Money": "data.fields",
    "Monitoring": "monitoring.declaration",
    "Performance": "monitoring.performance.declaration",
    "Policy": "serving.policy",
    "Problem": "problem.problem",
    "Retraining": "feedback.retraining.declaration",
    "Review": "feedback.review.declaration",
    "ReviewTag": "feedback.review.events",
    "ReviewVerdict": "feedback.review.events",
    "Rollout": "serving.rollout.declaration",
    "Scale": "scale.declaration",
    "Serving": "serving.declaration",
    "Timestamp": "data.fields",
    "Trust": "trust.declaration",
    "WeakLabel": "feedback.weak",
    "Webhook": "monitoring.alerts.declaration",
    "distance_km": "features.position",
    "expect": "data.expectation",
    "feature": "features.expression",
    "load": "design.load",
    "speed_kmh": "features.position",
    "when": "features.conditional",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'sevenfold' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"sevenfold.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
