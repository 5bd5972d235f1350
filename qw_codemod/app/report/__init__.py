"""What a run found, in the form somebody reads: text, JSON, SARIF, GitHub annotations, HTML."""
