"""The compiled half of the features: numba functions over flat arrays that know nothing of designs.

`layout` names the words of the arrays, `segment` keeps the memory of one entity, `limbs` adds without rounding,
`place` folds an event, `query` reads windows, `rowwise` computes expressions, and `fold` runs them for one event
or a million. Read them in that order.
"""
