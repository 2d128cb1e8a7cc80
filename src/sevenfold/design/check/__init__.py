"""The feasibility check: a design's claims against arithmetic, before money is spent on it."""
