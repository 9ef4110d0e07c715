"""The school's decisions as plain Python: no database, no web, no clock, no keys."""
