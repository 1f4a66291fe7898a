"""Keeps runs, baselines and attempts as plain files."""
