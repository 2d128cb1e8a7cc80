"""Section 1, the problem: what is decided, for whom, and what each mistake costs.

The goal, the users, the decision, the cost of each mistake, the service levels and the constraints are
types here, so that every other room reads the same answers instead of repeating them.
"""
