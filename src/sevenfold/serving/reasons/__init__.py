"""Why a decision came out as it did: what moved the score most, what is usual, and a sentence for people.

`clauses` puts a feature's declaration into words, `units` its values, `usual` what an entity did before,
`reason` is one reason, and `explainer` finds the reasons of a decision.
"""
