"""Backtests: what rules and thresholds would have done, on what was known at the time of each decision."""
