"""Alerts: what watchers find, told to people once, grouped, silenced and acknowledged."""
