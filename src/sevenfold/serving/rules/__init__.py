"""Analysts' rules: texts in the feature language, run by the kernel that computes the features.

A text is parsed to a whitelisted tree and never evaluated; it becomes the same expressions that a design
declares, is checked by the same checker, compiled by the same compiler and run by the same row-wise kernel.
"""
