"""Measurements, one script each; see ``README.md``. What is measured is generated, so nothing comes
from the store of completions unless a script says so."""

import os

os.environ["HARNESS_STORE"] = "false"
