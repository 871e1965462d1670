"""Labels of seeds, from which small classifiers learn."""
