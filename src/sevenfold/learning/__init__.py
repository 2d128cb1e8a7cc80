"""Section 3, model and training: what learns, on which past, and how good it is.

A design declares a `label.Label` and a `declaration.Learning`; `train.train` lets the candidates compete on
folds in time and gives a model that travels as a bundle. The libraries that train are imported when a
candidate is fitted, and scoring needs none of them.
"""
