"""The review queue: cases, who works on them, what they found, and what was said about it."""
