"""The ledger of an improvement: a line for each round, only ever appended."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError

LEDGER = "ledger.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: an adapter that was trained, and the gate's decision on it."""

    number: int
    """From 1."""
    method: str
    why: str
    """The reason for the method."""
    prompts: int
    """Training prompts that were answered."""
    left_out: int
    """Prompts among the round's rows that are like a case of a task, and were not asked."""
    pass_at_1: float | None
    k: int
    """Answers to each prompt."""
    pass_at_k: float | None
    rows: int
    """Rows that the adapter was trained on; of GRPO, prompts."""
    sampled_run: str
    before_run: str
    """The run of the model that the round began with, over the held-out cases."""
    after_run: str
    model: str
    """The ref of the model that the round began with."""
    adapter: str
    confidence: float
    """Of the gate in this round."""
    outcome: str
    """The gate's."""
    sentence: str
    rates: Mapping[str, float]
    """Of each goal after the training."""
    trained_cases: int
    """Held-out cases that the sketch beside the adapter finds among its rows."""
    is_kept: bool


def append(folder: Path, line: Round) -> None:
    """Add a line, which is on the disk when this returns."""
    with (folder / LEDGER).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(asdict(line)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> list[Round]:
    """The rounds so far. A last line without its end was being written: its round is not over,
    and the line is cut off.

    Raises:
        HarnessError: a line is no round.
    """
    path = folder / LEDGER
    if not path.is_file():
        return []
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        os.truncate(path, len(whole))
    found = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            found.append(_ROUND.validate_json(line))
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise HarnessError(
                f"{path}:{number}: is no round ({what}), name another output"
            ) from None
    return found


_ROUND = TypeAdapter(Round)
