"""The checks of this pack, a family each."""
