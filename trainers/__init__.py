"""The bundled trainer: trains one adapter from a recipe of a few lines of YAML.

Each training method is the file of its name (``method: sft`` is ``trainers/sft.py``);
``trainers/run/train.py`` holds the steps that all methods share. Nothing here imports torch before
the recipe, the data and the output folder are checked.
"""
