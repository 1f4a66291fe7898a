"""Runs suites over models: selection, plan, answers, verdicts, record."""
