"""CSV answers: reading them with the place of every cell."""
