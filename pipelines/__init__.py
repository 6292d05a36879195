"""Prefect flows over breachwatch.run: the same calls, with schedule, retries, concurrency and observability."""
