"""What the project's tests put in a library's place, and what they would refuse."""
