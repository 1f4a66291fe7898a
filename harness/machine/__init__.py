"""Describes this machine: environment, memory, cores, hardware."""
