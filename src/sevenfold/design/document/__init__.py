"""The living document: a design, and what was measured of it, as one file; nothing in it is typed by hand."""
