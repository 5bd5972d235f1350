"""The only place that imports LibCST: rewrites one node, and gives edits back as bytes."""
