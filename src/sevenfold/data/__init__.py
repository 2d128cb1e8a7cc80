"""Room 2, data: what events are, where they are kept, and how they get in.

`fields` and `event` declare; `convert` and `table` turn what users send into physical values; `log` and
`sqlite_log` keep the events in order; `lake` lays them out for training; `ingest` brings files in.
"""
