"""Verbs of the portal: each does one thing in the caller's transaction.

Every function takes what it needs by name: session, actor, school, store, now. None of them
commits (see `transaction`), reads a clock or knows the web.
"""
