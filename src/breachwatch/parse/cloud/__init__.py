"""Audit logs of cloud services: records out of JSON and CSV, and one file for each service's fields."""
