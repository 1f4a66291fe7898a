"""Prepares the model that is trained."""
