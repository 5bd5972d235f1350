"""What two families or more ask about the code around a place."""
