"""How long a test waits for what must come."""

PATIENCE = 300.0
"""Seconds after which a test gives up on a process or a server: far above what a busy machine
needs, and never a measure of one."""
