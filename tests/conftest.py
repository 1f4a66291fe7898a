"""Settings of every test.

No answer comes from, or goes to, the store of the user who runs them. Threads of torch do not spin
for each other, as in a model's process: tests that run side by side have more of them than cores.
"""

import os

from harness.engine.openmp import bound_spinning

os.environ["HARNESS_STORE"] = "false"
bound_spinning()
