"""Questions and answers found in what a source says."""
