"""Retraining: when it is due, whether the data allow it, and whether what comes of it is better."""
