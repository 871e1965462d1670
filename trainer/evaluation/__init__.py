"""Evaluation: tasks in JSONL, what a model makes of them, and scores in the store."""
