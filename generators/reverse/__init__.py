"""From an answer that exists back to the request that leads to it."""
