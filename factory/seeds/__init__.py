"""Seeds: where they come from, how they are read, cut and cleaned."""
