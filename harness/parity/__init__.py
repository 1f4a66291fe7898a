"""Compares models that were made from one another: tokenization, first token, answers.

``chain`` measures, ``values`` hold the results; pages and tables are made from the values alone.
"""
