"""Words that every format of a report says alike."""
