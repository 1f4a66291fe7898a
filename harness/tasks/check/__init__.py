"""Grades a task's graders."""
