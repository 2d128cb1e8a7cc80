"""Section 2, features: what is known about an event at the moment it is decided.

`expression` is the language, `declaration` and `check` read what a design says in it, `planner` compiles it
to a `plan`, and `kernel` runs the plan. `backfill` does so for tables, `engine` for one event at a time, over
the same `state`.
"""
