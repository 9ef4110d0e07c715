"""Fictional schools, people and files for the demonstration."""
