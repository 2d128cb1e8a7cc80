"""The public benchmark: the simulated card transactions of the Fraud Detection Handbook as events.

Le Borgne, Siblini, Lebichot, Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection"
(2022). The table is read where it lies and never shipped: give its path, or set ``SEVENFOLD_HANDBOOK``.
"""
