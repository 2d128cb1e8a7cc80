"""What the features cost, measured beside what a user would take instead: ``sevenfold bench features``.

`stream` makes the events, `tables` measures backfill beside Polars and DuckDB, `online` one event beside a
Redis ``GET``, and `report` writes both down.
"""
