"""Section 5a, monitoring: how the running system is watched.

Latency, accuracy under labels that arrive late, drift, fairness and the alerts that follow from them are
folds over the log, computed here and nowhere else.
"""
