"""The project's figures: `python -m tests.bench`. Nothing is asserted here but correctness."""
