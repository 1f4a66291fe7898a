"""Reads text for the checks: dates, facts, patterns, source code, surroundings."""
