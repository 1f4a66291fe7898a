"""Numbers with their uncertainty. Pure functions; scipy is imported by the first that needs it."""
