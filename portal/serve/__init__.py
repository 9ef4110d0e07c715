"""Runs the portal: gunicorn's web workers and one background worker, under one supervisor."""
