"""Veilig Melden: the reporting portal of a secondary school, as a Flask application."""
