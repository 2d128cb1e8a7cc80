"""Section 5b, feedback: how people correct the system and how it learns from them.

The review queue, the choice of which cases are worth a reviewer's minute, and the retraining that their
verdicts lead to live here.
"""
