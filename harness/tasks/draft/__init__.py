"""Drafts a task from what a person has: a prompt and fields, a schema, or example rows."""
