"""``python -m trainers RECIPE ...`` is ``harness train RECIPE ...``."""

import sys

from harness.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]], prog_name="harness")
