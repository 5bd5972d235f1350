"""What is known of libraries: their calls, limits and exceptions."""
