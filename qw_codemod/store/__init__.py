"""Reports of earlier runs on disk, kept while all that they depend on has the same answer."""
