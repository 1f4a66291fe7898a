"""Holds two runs against each other: comparison, tests, policy, decision."""
