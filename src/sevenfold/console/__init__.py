"""The web page: what analysts and engineers look at while a design runs.

It shows what the rooms compute and keeps no truth of its own.
"""
