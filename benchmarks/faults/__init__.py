"""Injects faults into real commands over the bundled tiny models: see ``__main__``."""
