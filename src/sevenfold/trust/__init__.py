"""Section 6, trust: whom the system must protect, and how that is shown.

Authentication, roles, tokenisation, encryption, erasure, the audit trail, explanations and robustness plug
into small protocols that the other rooms declare; no room imports this one, the design wires it.
"""
