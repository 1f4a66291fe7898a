"""The cases of a task: what the page shows of each."""
