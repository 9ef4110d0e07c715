"""HTTP: by actor (reporter, staff, admin), inside each one module per feature."""
