"""Recorded traces and run logs: formats, readers, writers."""
