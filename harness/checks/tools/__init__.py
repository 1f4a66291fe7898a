"""Calls of tools: the forms that they are written in, and what a task declares of them."""
