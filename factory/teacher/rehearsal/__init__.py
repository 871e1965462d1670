"""The rehearsal model: a local OpenAI-compatible server that answers prompts with their own examples."""
