"""Judges the checkpoints of a training from another process, which the training never waits for.

A checkpoint gets its name once all of it is on the disk, and is read at once: one that is removed
meanwhile, or whose weights are not those of its manifest, is passed over aloud.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from rich.console import Console
from safetensors.torch import load as load_tensors

from harness.core.errors import HarnessError
from harness.engine.hf.adapter_loading import load_adapter
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from trainers.data.reading import read_pairs, read_rows
from trainers.model.base import choose_device, open_model, open_tokenizer
from trainers.output.checkpoints import MANIFEST, checkpoint_folders
from trainers.output.folder import RECIPE, living_owner, output_of, partial_folder, watched_folder
from trainers.recipes.load import RecipeFile, load
from trainers.run.announce import judged_line, say
from trainers.run.behaviors import Watch
from trainers.run.curve import CURVES, Curve, CurvePoint, lines_of
from trainers.run.preflight import task_to_watch
from trainers.run.prompts import Prompts
from trainers.run.quiet import silence_bars

POLL_SECONDS = 2.0
"""Seconds between two looks for checkpoints."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """The adapter of a checkpoint, as it was read."""

    step: int
    seconds: float
    """Wall time of the training until then."""
    config: bytes
    weights: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.weights).hexdigest()


def watch(
    folder: Path,
    overrides: Sequence[str],
    console: Console,
    *,
    once: bool = False,
    wait: Callable[[float], Any] = time.sleep,
) -> None:
    """Judge each checkpoint once, until the training has ended.

    Args:
        folder: the output of the training, or its partial folder.
        overrides: ``key=value`` of its recipe, such as another ``watch_rows``.
        once: judge those that are there, and end.
        wait: called between two looks for more.

    Raises:
        HarnessError: it is no training's folder, its recipe names no task or no held-out rows, or
            an adapter does not fit its base.
    """
    output = output_of(folder)
    file = load(str(_recipe(output)), overrides)
    judge = _Judge(file, watched_folder(output))
    passed: set[str] = set()
    while True:
        # Asked before the checkpoints are listed, so that none of the last is missed.
        is_over = living_owner(partial_folder(output)) is None
        for name in _names(output):
            adapter = _read(output, name)
            if isinstance(adapter, Adapter):
                if lines := judge.look(adapter):
                    say(console, lines)
            elif name not in passed:
                passed.add(name)
                say(console, [("note", f"{name} is passed over: {adapter}")])
        if once or is_over:
            break
        wait(POLL_SECONDS)
    judged = len(judge.curve.points)
    say(console, [("watched", f"{judged} checkpoints, in {watched_folder(output) / CURVES}")])


def _recipe(output: Path) -> Path:
    for folder in (partial_folder(output), output):
        if (folder / RECIPE).is_file():
            return folder / RECIPE
    raise HarnessError(
        f"{output}: neither it nor {partial_folder(output)} holds the {RECIPE} of a training, name "
        "the output of its recipe"
    )


def _names(output: Path) -> list[str]:
    """The checkpoints that are there, by step."""
    partial = partial_folder(output)
    folder = partial if partial.is_dir() else output
    return [path.name for path in reversed(checkpoint_folders(folder))]


def _read(output: Path, name: str) -> Adapter | str:
    """The adapter of a checkpoint, or why it is none; its folder may get another name or none."""
    reason = "it was removed"
    for folder in (partial_folder(output), output):
        try:
            return _whole(folder / name)
        except FileNotFoundError:
            continue
        except (OSError, UnreadableFile, LookupError, TypeError, ValueError) as error:
            reason = f"{MANIFEST}: {error}" if (folder / name).is_dir() else reason
    return reason


def _whole(path: Path) -> Adapter:
    config, weights = ((path / file).read_bytes() for file in (ADAPTER_CONFIG, ADAPTER_WEIGHTS))
    manifest = read_object(path / MANIFEST)
    found = Adapter(int(manifest["step"]), float(manifest["seconds"]), config, weights)
    if manifest["files"][ADAPTER_WEIGHTS] != found.sha256:
        raise ValueError(f"{ADAPTER_WEIGHTS} is not what was written")
    return found


class _Judge:
    """The base, with one adapter after the other over it."""

    def __init__(self, file: RecipeFile, folder: Path) -> None:
        task = task_to_watch(file)
        self.curve = Curve(folder)
        self._file = file
        self._rows = [*_rows(file)][: file.recipe.watch_rows]
        folder.mkdir(parents=True, exist_ok=True)
        points = [CurvePoint(**line) for line in lines_of(folder / CURVES)]
        last = points[-1] if points else CurvePoint(0, 0.0)
        self.curve.go_on(map(asdict, points), last.step, last.seconds)
        silence_bars()
        self._base, tokenizer = open_tokenizer(file.recipe, file.where("base"))
        self._watch = Watch(Prompts(task, self._rows, tokenizer))
        self._model: Any = None

    def look(self, adapter: Adapter) -> list[tuple[str, str]]:
        """Judge an adapter and add it to the curve; the line that says so, none where it is there
        already."""
        if any((p.step, p.adapter_sha256) == (adapter.step, adapter.sha256)
               for p in self.curve.points):  # fmt: skip
            return []
        self._put_on(adapter)
        with torch.random.fork_rng(devices=[]):
            watched = self._watch.look(self._model)
        self.curve.step = adapter.step
        self.curve.see(watched)
        point = self.curve.add(adapter.step, adapter.seconds, adapter_sha256=adapter.sha256)
        return [("step", f"{adapter.step:,}: {judged_line(point.behaviors or {})}")]

    def _put_on(self, adapter: Adapter) -> None:
        if self._model is not None:
            set_peft_model_state_dict(self._model, load_tensors(adapter.weights))
            return
        recipe = self._file.recipe
        base = open_model(recipe, self._base, choose_device(recipe, self._base))
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / ADAPTER_CONFIG).write_bytes(adapter.config)
            (Path(name) / ADAPTER_WEIGHTS).write_bytes(adapter.weights)
            self._model = load_adapter(base, self._base, Path(name))


def _rows(file: RecipeFile) -> Iterator[Any]:
    read = read_pairs if file.recipe.method == "dpo" else read_rows
    for name in file.recipe.data.val:
        yield from read(Path(name))[0]
