"""Drafts made better by criticism."""
