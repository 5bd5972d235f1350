"""What the libraries do, as small tables: which call gives what, which method waits."""
