"""How good decisions are, in cohorts whose labels are final, and what is to be expected of the others."""
