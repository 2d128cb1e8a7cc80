"""Whether groups of people are decided about alike, and what it would cost to change that."""
