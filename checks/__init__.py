"""The finding halves of the built-in families, a module each."""
