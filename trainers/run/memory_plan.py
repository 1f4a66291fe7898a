"""Says what a recipe's training will need of memory, before anything heavy is imported."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.core.errors import HarnessError
from harness.machine.hardware import has_bfloat16
from harness.machine.memory import memory_limit_bytes
from trainers.model.estimate import MB, Device, Estimate, estimate
from trainers.model.fitting import Estimator, change_that_fits, fits
from trainers.model.shape import read_shape
from trainers.recipes.load import load
from trainers.recipes.schema import Recipe
from trainers.run.job import TrainingJob
from trainers.run.preflight import with_fallback

ONE_GPU = (
    "held against one H100 only, whose context is large; torch's allocator took up to 17% more in "
    "pieces where there was room"
)


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """The memory that a recipe's training needs, and the limit that it is held against."""

    recipe: Recipe
    estimated: Estimator
    found: Estimate
    limit_mb: float

    @property
    def is_fitting(self) -> bool:
        return fits(self.found, self.limit_mb)

    def values(self) -> dict[str, Any]:
        """The plan as plain values."""
        found = self.found
        peak = {"peak_mb": found.peak_mb, "limit_mb": self.limit_mb, "is_fitting": self.is_fitting}
        return {**asdict(found), **peak, "notes": _verdict(self)}


def memory_plan(recipe: str, overrides: Sequence[str], device_gb: float | None) -> MemoryPlan:
    """Estimate the memory that the recipe's training needs.

    Args:
        device_gb: memory of a GPU in GB of 10^9 bytes; by default the training is on this CPU.

    Raises:
        HarnessError: the recipe is wrong, or its base is not on this machine.
    """
    file = with_fallback(load(recipe, overrides))
    shape = read_shape(file.recipe.base, file.where("base"))
    device: Device = "cpu" if device_gb is None else "cuda"
    limit_mb = memory_limit_bytes() / MB if device_gb is None else device_gb * 1000
    short = device == "cuda" or has_bfloat16()
    estimated: Estimator = partial(estimate, shape=shape, device=device, has_bfloat16=short)
    return MemoryPlan(file.recipe, estimated, estimated(file.recipe), limit_mb)


def say_estimate(plan: MemoryPlan, console: Console) -> None:
    """Print the memory that a training needs, and whether it fits."""
    console.print(_table(plan.found))
    for line in _verdict(plan):
        console.print(line, soft_wrap=not console.is_terminal, highlight=False, markup=False)


def expected(job: TrainingJob) -> Estimate | None:
    """The estimate for a job: with its longest row, device and type.

    ``None`` where the files of its base do not show their shapes.
    """
    try:
        shape = read_shape(job.recipe.base, "base")
    except HarnessError:
        return None
    actual = {
        "max_length": min(job.max_length, job.train.longest),
        "dtype": job.base.dtype,
        "quantize": job.base.quantize,
        "lora": job.lora,
    }
    device: Device = "cuda" if job.base.device == "cuda" else "cpu"
    return estimate(job.recipe.model_copy(update=actual), shape, device)


def _table(found: Estimate) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("memory", "MB", "of"):
        table.add_column(name, justify="right" if name == "MB" else "left")
    for part in found.parts:
        table.add_row(part.name, f"{part.mb:,.0f}", part.why)
    table.add_row("step", f"{sum(part.mb for part in found.parts):,.0f}", "all of them")
    table.add_row("opening", f"{found.opening_mb:,.0f}", "the base, before the first step")
    return table


def _verdict(plan: MemoryPlan) -> list[str]:
    found, limit_mb = plan.found, plan.limit_mb
    where = "this machine" if found.device == "cpu" else "the GPU"
    verb = "fits" if plan.is_fitting else "may not fit"
    lines = [
        f"peak {in_short(found)} with rows of {found.length:,} tokens in {found.dtype}: "
        f"{verb} into the {limit_mb:,.0f} MB of {where}"
    ]
    if not plan.is_fitting:
        change = change_that_fits(plan.recipe, plan.estimated, limit_mb)
        lines.append(
            "no single change makes it fit: take a smaller base"
            if change is None
            else f"it would fit with {change[0]}: {in_short(change[1])}"
        )
    return lines + ([ONE_GPU] if found.device == "cuda" else [])


def in_short(found: Estimate) -> str:
    """The peak, with the interval that measured ones lay in."""
    return f"{found.peak_mb:,.0f} MB ({found.lowest_mb:,.0f} to {found.highest_mb:,.0f})"
