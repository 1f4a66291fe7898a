"""Runs a training from recipe to adapter."""
