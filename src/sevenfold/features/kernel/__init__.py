"""The compiled half of the features: numba functions over flat arrays that know nothing of designs.

`layout` names the words of the arrays and `segment` keeps the memory of one entity; `limbs` adds without
rounding. `totals`, `extremes` and `distinct` are what rows carry for sums, minima and numbers of different
values. `place` folds an event, `query` reads windows, `rowwise` computes expressions, and `fold` runs them
for one event or a million. Read them in that order.
"""
