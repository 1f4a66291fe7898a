"""Settings of every test: no answer comes from, or goes to, the store of the user who runs them."""

import os

os.environ["HARNESS_STORE"] = "false"
