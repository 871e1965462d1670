"""The built-in sources: one file a module, each reads one kind of file."""
