"""The pytest plugin, one feature a file."""
