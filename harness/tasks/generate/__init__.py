"""Prompts drawn from a task's strategy, and the smallest of them that a model fails on.

Nothing here is imported by a session without ``--generate`` or ``--generated``. Hypothesis is known
to ``choosing`` (which runs its strategies) and ``strategies`` (which makes them); shrinking is a
pure function.
"""
