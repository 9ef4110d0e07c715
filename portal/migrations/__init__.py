"""Alembic migrations, numbered; `portal.migrations.run.upgrade` brings a database up to date."""
