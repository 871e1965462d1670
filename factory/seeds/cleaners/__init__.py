"""Steps that seeds go through on their way from a source to a dataset: one file a step, named after it."""
