"""Compares two runs: paired comparison, statistical tests, policy, decision."""
