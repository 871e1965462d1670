"""Preferences: pairs of which one side is known to be better."""
