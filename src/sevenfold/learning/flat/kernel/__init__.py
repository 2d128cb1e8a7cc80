"""Compiled functions of the flat model; they know arrays and nothing else.

They have a stamp of their own: a change here compiles nothing of the feature kernel anew, and the other way
round.
"""
