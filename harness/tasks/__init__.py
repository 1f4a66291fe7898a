"""Reads tasks and judges by them."""
