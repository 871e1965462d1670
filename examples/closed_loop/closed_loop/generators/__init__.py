"""Generators of the closed loop."""
