"""The rewriting halves of the built-in families, a module each."""
