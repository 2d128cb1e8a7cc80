"""Section 7, scale: the same design on more than one machine.

Other event logs, shared online state, caches, batch clusters and the model of capacity and cost plug into
small protocols that the other rooms declare; no room imports this one, the design wires it.
"""
