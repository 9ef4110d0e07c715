"""Fictional schools with staff, cases and files, to try everything on."""
