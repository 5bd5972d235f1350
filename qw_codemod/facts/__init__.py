"""The project: its files, what they mention, and which answer leans on what."""
