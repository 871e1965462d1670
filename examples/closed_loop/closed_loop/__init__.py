"""Relation problems, the generators that make data of them, and the loop that trains on it."""
