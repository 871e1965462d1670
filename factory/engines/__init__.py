"""Engines: where the work of a build runs."""
