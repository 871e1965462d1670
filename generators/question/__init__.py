"""Questions solved, checked and varied."""
