"""The whole system in a world that goes on: decisions, reviewers, labels, and what they cost, day by day."""
