"""Keeps the adapter of the best evaluation while the training goes on, and ends it early."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from harness.core.record import FORMAT_SUCCESS
from harness.model_files.folders import ADAPTER_WEIGHTS
from trainers.output.checkpoints import Checkpoint
from trainers.run.curve import Curve
from trainers.run.selection import EVAL_LOSS, Outcomes, Selection

KEPT = ".kept"
"""The kept adapter's weights, in the output's folder while training, and in a checkpoint: one file,
since transformers takes a folder with weights for another adapter of the checkpoint."""


class Keeping(TrainerCallback):  # type: ignore[misc]
    """Saves the adapter at each evaluation that the selection keeps."""

    def __init__(self, partial: Path | None, curve: Curve, selection: Selection) -> None:
        """``partial`` is ``None`` where another process of the training writes."""
        self.selection = selection
        self._partial = partial
        self._curve = curve

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        value = self._value(kwargs["metrics"])
        if self.selection.see(state.global_step, value, self._outcomes()):
            self._save(kwargs["model"])
        control.should_training_stop |= self.selection.is_exhausted

    def _value(self, metrics: Mapping[str, float]) -> float | None:
        """The rate, or the loss, that the step is chosen by."""
        by, watched = self.selection.by, self._curve.watched
        if by == EVAL_LOSS:
            return metrics.get(EVAL_LOSS)
        return watched.rates[by].rate if watched and by in watched.rates else None

    def _outcomes(self) -> Outcomes:
        """Of each behavior, for each prompt."""
        answers = self._curve.watched.answers if self._curve.watched else ()
        names = dict.fromkeys((FORMAT_SUCCESS, *(n for a in answers for n in a.outcomes)))
        return {name: [a.outcomes.get(name) for a in answers] for name in names if answers}

    def _save(self, model: Any) -> None:
        if self._partial is None:
            return
        writing = self._partial / f"{KEPT}-writing"
        shutil.rmtree(writing, ignore_errors=True)
        model.save_pretrained(writing, save_embedding_layers=False, selected_adapters=["default"])
        (writing / ADAPTER_WEIGHTS).replace(self._partial / KEPT)
        shutil.rmtree(writing)

    def copy_into(self, checkpoint: Path) -> None:
        """Put the kept adapter into a checkpoint that is being written."""
        if self._partial and self.selection.kept is not None:
            shutil.copy(self._partial / KEPT, checkpoint / KEPT)

    def go_on(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint."""
        if checkpoint.selection:
            self.selection.go_on(checkpoint.selection)
            if self._partial and self.selection.kept is not None:
                shutil.copy(checkpoint.path / KEPT, self._partial / KEPT)

    def put_in_place(self) -> None:
        """Make the kept adapter's weights those of the output."""
        if self._partial is None:
            return
        if self.selection.kept is not None:
            (self._partial / KEPT).replace(self._partial / ADAPTER_WEIGHTS)
        (self._partial / KEPT).unlink(missing_ok=True)
