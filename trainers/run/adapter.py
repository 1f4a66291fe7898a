"""Writes the adapter's folder: weights, configuration, the base's tokenizer, a short README."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from harness.core.errors import HarnessError
from harness.engine.hf.loading import load_tokenizer
from harness.model_files.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from harness.model_files.hub import is_hub_id, split_revision
from trainers.run.curve import diverged
from trainers.run.job import TrainingJob
from trainers.run.keeping import Keeping


def save(
    model: Any, job: TrainingJob, base_folder: Path, folder: Path, keeping: Keeping | None = None
) -> str:
    """Write the adapter into ``folder``, or the kept one; returns the SHA-256 of its weights.

    Raises:
        HarnessError: a weight is not finite.
    """
    trained = (p for p in model.parameters() if p.requires_grad)
    if not all(bool(torch.isfinite(p).all()) for p in trained):
        raise HarnessError(diverged("a trained weight is not finite", job.steps))
    # "auto" would query the hub for a resized vocabulary, which never occurs here.
    model.save_pretrained(folder, save_embedding_layers=False, selected_adapters=["default"])
    if keeping:
        keeping.put_in_place()
    complete(folder, job, base_folder)
    readme = folder / "README.md"
    readme.write_text(_readme(job), encoding="utf-8")
    # safetensors writes files that only the owner may read, regardless of the umask.
    (folder / ADAPTER_WEIGHTS).chmod(readme.stat().st_mode)
    return hashlib.sha256((folder / ADAPTER_WEIGHTS).read_bytes()).hexdigest()


def fingerprint(model: Any) -> str:
    """SHA-256 of the trained weights in memory."""
    digest = hashlib.sha256()
    for parameter in model.parameters():
        if parameter.requires_grad:
            digest.update(parameter.detach().cpu().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def complete(folder: Path, job: TrainingJob, base_folder: Path) -> None:
    """Make the folder that peft wrote one of ours: its configuration sorted, and a tokenizer."""
    _rewrite_config(folder / ADAPTER_CONFIG, job.recipe.base)
    # Loaded again: training has set a padding token on the other tokenizer.
    load_tokenizer(base_folder).save_pretrained(folder)


def _rewrite_config(path: Path, base: str) -> None:
    """Sort the names that peft keeps in sets, so that equal trainings write equal bytes."""
    config = json.loads(path.read_text("utf-8"))
    config["base_model_name_or_path"] = base
    if is_hub_id(base):
        config["base_model_name_or_path"], config["revision"] = split_revision(base)
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _readme(job: TrainingJob) -> str:
    recipe = job.recipe
    return (
        f"---\nbase_model: {recipe.base}\nlibrary_name: peft\n---\n\n"
        f"A LoRA adapter for `{recipe.base}`, trained with `method: {recipe.method}` on "
        f"{len(job.train.rows):,} rows in {job.steps:,} steps.\n"
        "`training.json` says from what and how, with the loss at every logged step.\n\n"
        f"Test it: `pytest suites/ --model adapter:{recipe.output}`\n"
    )
