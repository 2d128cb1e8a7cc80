"""Section 4, deployment and serving: from a trained bundle to decisions with an action.

The decision engine, the policy that turns a score into an action (cost thresholds, rules, lists), the
rollout of a new model beside the old one, and the doors that requests come in by live here.
"""
