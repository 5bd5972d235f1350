"""The codemods of this pack, a family each."""
