"""A conversation with models in a terminal or out of a script, judged by a task."""
