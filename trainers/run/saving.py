"""Writes checkpoints during a training, whole or not at all."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainers.output.checkpoints import WRITING, Checkpoint, keep_newest, seal
from trainers.output.identity import Identity
from trainers.run.curve import Curve, point_values
from trainers.run.keeping import Keeping


@dataclass
class Saving:
    """What a checkpoint of a training holds beside the trainer's own state."""

    partial: Path
    identity: Identity
    curve: Curve
    limit: int | None
    """Checkpoints that are kept."""
    complete: Callable[[Path], None]
    """Makes what peft has written an adapter's folder."""
    resumed: tuple[int, ...] = ()
    keeping: Keeping | None = None
    is_writing: bool = True
    """False where another process of the training writes."""

    def writing(self) -> Path:
        """An empty folder to write a checkpoint into."""
        folder = self.partial / WRITING
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def seal(self, step: int) -> None:
        """Give the written checkpoint its name, and remove those over the limit."""
        written = self.partial / WRITING / f"checkpoint-{step}"
        self.complete(written)
        if self.keeping:
            self.keeping.copy_into(written)
        seal(
            written,
            self.partial,
            step,
            self.identity,
            seconds=self.curve.seconds(),
            curve=[point_values(point) for point in self.curve.points],
            resumed=self.resumed,
            selection=self.keeping and self.keeping.selection.state(),
        )
        shutil.rmtree(self.partial / WRITING)
        keep_newest(self.partial, self.limit)


class WholeCheckpoints:
    """Mixin for a transformers Trainer; it comes first among the bases."""

    saving: Saving

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.saving.partial / WRITING)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write beside the checkpoints that are whole, and rename at the end."""
        if not self.saving.is_writing:
            return
        self.saving.writing()
        super()._save_checkpoint(model, trial)  # type: ignore[misc]
        self.saving.seal(self.state.global_step)  # type: ignore[attr-defined]


def go_on(trainer: Any, checkpoint: Checkpoint, steps: int) -> bool:
    """Load the weights of a training that had taken all its steps, or had ended early; False where
    some are left.

    transformers would take one step more.
    """
    keeping = trainer.saving.keeping
    is_over = keeping is not None and keeping.selection.is_exhausted
    if checkpoint.step < steps and not is_over:
        return False
    trainer._load_from_checkpoint(str(checkpoint.path))
    trainer.state.global_step = checkpoint.step
    trainer.state.epoch = trainer.state.load_from_json(
        str(checkpoint.path / "trainer_state.json")
    ).epoch
    return True
