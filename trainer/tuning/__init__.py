"""Tuning of mixtures: which shares, whether tuned domains add up, and what each source is worth."""
