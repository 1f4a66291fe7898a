"""Commands that a reader of the page may copy into a shell."""

import re
from collections.abc import Sequence

from harness.report.page.embed import EmbeddedSide


def replay_command(side: EmbeddedSide, case_id: str, task: str, repeat: int = 0) -> str:
    """The command that asks a case again; ``assets/case.js`` writes the same."""
    words = ["harness", "replay", side.run, case_id, "--task", task]
    words += ["--model", side.model] if side.model else []
    words += ["--repeat", str(repeat)] if repeat else []
    return shell_command(words)


def shell_command(words: Sequence[str]) -> str:
    """The words as a POSIX shell reads them back, whatever is in them."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if re.fullmatch(r"[\w.:/-]+", word, re.ASCII):
        return word
    return "'" + word.replace("'", "'\\''") + "'"
