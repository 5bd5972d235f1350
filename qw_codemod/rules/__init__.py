"""The rule API, and the packs that rules come in."""
