"""The bundled trainer: a recipe of a few lines of YAML becomes one adapter.

Each training method is the file of its name (``method: sft`` is ``trainers/sft.py``); what the
methods share is written once, around them, in ``trainers/run/train.py``. Nothing here imports torch
before the recipe, the data and the output folder were found to be right.
"""
