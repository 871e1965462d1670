"""Passages turned into other forms of text."""
