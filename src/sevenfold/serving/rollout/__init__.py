"""Rollout: which model decides, which is on trial beside it, and how that changes while the service runs."""
