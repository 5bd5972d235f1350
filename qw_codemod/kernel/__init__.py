"""The values that every room shares: findings, edits, reasons; no Python syntax and no library."""
