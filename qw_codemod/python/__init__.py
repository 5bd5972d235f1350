"""Python syntax: scopes, names, reaching definitions; one file at a time, nothing of others."""
