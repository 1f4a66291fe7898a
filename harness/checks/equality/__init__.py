"""When an answer's value counts as a reference's: the one home of that decision."""
