"""The HTTP door: Granian, a bare RSGI application for decisions, and a framework for everything else.

A framework costs more than a decision does, so the one endpoint that is hot lies below it
(`application`, `decisions`); the others are ordinary handlers (`routes`), mounted behind the same
application, which checks keys, limits and sizes for all of them before anything else runs.
"""
