"""Alerts, and the incidents they open or join."""
