"""Statuses in the console's words, from live objects alone; docs/reference/status.md says when."""
