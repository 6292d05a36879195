"""The records database: catalog, runs, alerts, incidents, evidence and custody, in SQLite or PostgreSQL."""
