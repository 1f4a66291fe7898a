"""The schema of a recipe: the YAML file that trains one adapter, checked before torch is imported.

It holds the keys of every recipe; the ``Options`` of a method's own file add that method's keys. It
does not know what the values do to a model.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

import trainers
from harness.core.portable import expanded
from harness.core.suggestion import did_you_mean
from harness.core.template_arguments import Scalar, checked
from trainers.recipes.reporters import NONE, REPORTERS


def _expanded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(expanded, value))
    return expanded(value) if isinstance(value, str) else value


PathText = Annotated[str, AfterValidator(_expanded)]
"""A path, which may begin with ``~/``, or a hub id."""


def _tuple(value: Any) -> Any:
    """One value, or a list of them, as the tuple that a frozen recipe holds."""
    return (
        tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value
    )


_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
NameList = Annotated[tuple[str, ...], BeforeValidator(_tuple), WithJsonSchema(_NAMES)]
NumberList = Annotated[tuple[float, ...], BeforeValidator(_tuple)]


class RecipeModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Data(RecipeModel):
    """Training data: JSON Lines files, one example a line; see ``trainers/data/rows.py``."""

    train: Annotated[NameList, AfterValidator(_expanded)] = Field(min_length=1)
    """One file, or several that are concatenated."""
    val: Annotated[NameList, AfterValidator(_expanded)] = ()
    """Held-out examples; their loss is logged and does not affect training."""
    limit: int | None = Field(default=None, ge=1)
    """Read only this many training rows: for a quick try."""
    train_on: Literal["last_answer", "every_answer"] = "last_answer"
    """Of a conversation with several answers: only the last, or each as a row of its own."""
    make: str | None = None
    """The command that writes the files; shown when one is missing."""


ALL_LINEAR = "all-linear"
"""PEFT's own word for every linear layer but the output."""
_ALL = ("auto", "all", "all_linear")
"""Other words for it."""


class Lora(RecipeModel):
    """The adapter: a low-rank update of some of the base's linear layers (arXiv 2106.09685)."""

    r: int = Field(default=16, ge=1)
    """Rank. 16 is more than enough for a format; the adapter's size is proportional to it."""
    lora_alpha: float = Field(default=32, gt=0)
    """The update is scaled by lora_alpha / r. Twice the rank is the usual choice: with this ratio
    the learning rate can stay when the rank changes."""
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Off: a few epochs over thousands of rows hardly overfit an adapter this small, and dropout
    computes a random mask for each layer."""
    target_modules: NameList = (ALL_LINEAR,)
    """``all-linear`` takes every linear layer of attention and MLP, which matches full fine-tuning
    more closely than attention alone at the same size (arXiv 2305.14314, section 4)."""
    use_rslora: bool = False
    """Scale by lora_alpha / sqrt(r) (arXiv 2312.03732): for ranks of 64 and more."""

    @field_validator("target_modules")
    @classmethod
    def _some(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ValueError(f"name at least one module, or write {ALL_LINEAR}")
        names = tuple(ALL_LINEAR if name in _ALL else name for name in names)
        if ALL_LINEAR in names and len(names) > 1:
            raise ValueError(f"{ALL_LINEAR} stands alone: it already takes every linear layer")
        return names


class Recipe(RecipeModel):
    """The keys that every method has."""

    method: str
    """The training method: the name of a file in ``trainers/``."""
    base: PathText = Field(min_length=1)
    """A folder, or a hub id; written into the adapter unchanged."""
    fallback_base: PathText | None = Field(default=None, min_length=1)
    """The base where ``base`` is not there, as when an earlier stage was not merged; said aloud."""
    adapter: PathText | None = Field(default=None, min_length=1)
    """An adapter of the base whose training goes on, with its own rank and layers."""
    output: PathText = Field(min_length=1)
    """The adapter's folder. It appears only when training has succeeded, and complete."""
    data: Data
    """The files to learn from."""
    template: Annotated[Mapping[str, Scalar], BeforeValidator(checked)] = {}
    """Arguments of the base's chat template, such as ``{enable_thinking: false}``."""
    lora: Lora = Lora()
    """The adapter's size, and the layers that it changes."""

    learning_rate: float = Field(default=2e-4, gt=0)
    """2e-4 is QLoRA's value up to 13B (arXiv 2305.14314, table 9); a model of a few million
    parameters needs ten times that."""
    num_train_epochs: float = Field(default=3.0, gt=0)
    """Passes over the data; ``max_steps`` takes precedence."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps, after which the training ends; by default as many as the epochs have."""
    per_device_train_batch_size: int = Field(default=8, ge=1)
    """Rows in one forward and backward pass."""
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    """Batches whose gradients are accumulated for one optimiser step."""
    lr_scheduler_type: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    """Learning rate schedule after the warm-up; cosine ends near zero, so that the last steps
    change little. ``constant`` has no warm-up."""
    warmup_steps: float = Field(default=0.03, ge=0)
    """Below 1 a share of all steps, from 1 on a number of steps. AdamW's second moments are
    unreliable in the first steps."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Off: the low rank already limits the update."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are clipped to this norm, so that a single bad batch cannot ruin the run."""
    optim: Literal[
        "adamw_torch_fused", "adamw_torch", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit"
    ] = "adamw_torch_fused"
    """AdamW. In 8 bits its two moments take a quarter of the memory; it needs bitsandbytes."""

    max_length: int | None = Field(default=None, ge=8)
    """The most tokens of prompt, completion and ending together. Longer rows are left out and
    counted, never truncated: a truncated answer teaches the model not to stop. By default 1024, or
    the base's context length where that is less."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Of the adapter's first weights and of the order of the rows."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto`` is bfloat16 where the hardware supports it and the base has more than a hundred
    million parameters; below that float32 costs little and is reproducible on more machines."""
    quantize: Literal["none", "nf4", "int8"] = "none"
    """``nf4`` loads the base in 4 bits (QLoRA), ``int8`` in 8 (LLM.int8()). On a CPU neither saves
    time, and bfloat16 needs less memory, since its weights stay on the disk until they are read."""
    quantize_fallback: bool = False
    """Train on the unquantized base where bitsandbytes is not there, and say so."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads; by default ``OMP_NUM_THREADS``, or the physical cores that the process may use.
    Another number changes the adapter's weights in the last digits."""
    activation_checkpointing: bool = False
    """Recompute activations; less memory, about a third more time."""

    logging_steps: int = Field(default=10, ge=1)
    """Steps between two points of the training curve."""
    save_steps: int | None = Field(default=None, ge=1)
    """Steps between checkpoints, from which ``harness train --resume`` goes on; none by default."""
    save_total_limit: int | None = Field(default=None, ge=1)
    """Checkpoints that are kept, the newest ones; all by default."""
    eval_steps: int | None = Field(default=None, ge=1)
    """Steps between evaluations on ``data.val``; by default once an epoch."""

    report_to: NameList | None = None
    """Programs that the curve is also sent to while training, such as ``tensorboard`` or
    ``trackio``: transformers' names. ``curves.jsonl`` is always written."""

    task: str | None = Field(default=None, min_length=1)
    """A task by whose behaviors the model is judged: a folder, or a name under ``tasks_dir`` of
    ``[tool.harness]``. At each evaluation it answers prompts of ``data.val``."""
    watch_rows: int = Field(default=50, ge=1)
    """Prompts that are asked at each evaluation: 50 leave a rate uncertain by 14 points each way,
    200 by 7."""

    select: str | None = Field(default=None, min_length=1)
    """Keep the adapter of the best evaluation in place of the last: the highest rate of
    ``format_success_rate`` or of another behavior of ``task``, or the lowest ``eval_loss``."""
    early_stopping_patience: int | None = Field(default=None, ge=1)
    """Evaluations in a row without a better one, after which the training ends."""

    needs_task: ClassVar[bool] = False
    """The method judges answers to training prompts."""

    @field_validator("task")
    @classmethod
    def _something_to_ask(cls, task: str | None, info: ValidationInfo) -> str | None:
        data = info.data.get("data")
        if task and data is not None and not (data.val or cls.needs_task):
            raise ValueError("needs data.val, the held-out rows whose prompts are asked")
        return task

    @field_validator("select")
    @classmethod
    def _something_to_select_by(cls, by: str | None, info: ValidationInfo) -> str | None:
        data = info.data.get("data")
        if by and data is not None and not data.val:
            raise ValueError("needs data.val, the held-out rows to evaluate on")
        if by and by != "eval_loss" and "task" in info.data and not info.data["task"]:
            raise ValueError(f"{by} needs task, the one that judges it; or say eval_loss")
        return by

    @field_validator("early_stopping_patience")
    @classmethod
    def _something_to_wait_for(cls, patience: int | None, info: ValidationInfo) -> int | None:
        if patience and "select" in info.data and not info.data["select"]:
            raise ValueError("needs select, what the evaluations are to be better by")
        return patience

    @field_validator("method")
    @classmethod
    def _known_method(cls, name: str) -> str:
        if name not in methods():
            raise ValueError(f"no such method {name!r}, there are: {', '.join(methods())}")
        return name

    @field_validator("report_to")
    @classmethod
    def _known_reporters(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is None or names == (NONE,):
            return None
        if unknown := [name for name in names if name not in REPORTERS]:
            hint = did_you_mean(unknown[0], REPORTERS, f"there are: {', '.join(REPORTERS)}")
            raise ValueError(f"no such program {unknown[0]!r}, {hint}")
        return names or None

    @field_validator("lora")
    @classmethod
    def _of_a_new_adapter(cls, lora: Lora, info: ValidationInfo) -> Lora:
        if info.data.get("adapter"):
            raise ValueError("the adapter has its own rank and layers, leave lora out")
        return lora

    @field_validator("warmup_steps")
    @classmethod
    def _share_or_steps(cls, steps: float) -> float:
        if steps >= 1 and steps != int(steps):
            raise ValueError("is a share of all steps below 1, or a whole number of them")
        return steps

    @field_validator("eval_steps")
    @classmethod
    def _something_to_evaluate(cls, steps: int | None, info: ValidationInfo) -> int | None:
        data = info.data.get("data")
        if steps and data is not None and not data.val:
            raise ValueError("needs data.val, the held-out rows to evaluate on")
        return steps


class DrawingRecipe(Recipe):
    """The keys of methods that draw answers to training prompts and judge them."""

    needs_task: ClassVar[bool] = True

    task: str = Field(min_length=1)
    """The task whose behaviors are the rewards; see ``Recipe.task``."""
    max_steps: int = Field(ge=1)
    """What is learned from is not known before it is drawn, so that epochs say little."""
    rewards: NameList = ("all_required",)
    """Behaviors that an answer is to pass; ``all_required`` are those that the task requires."""
    num_generations: int = Field(default=8, ge=2)
    """Answers to each prompt."""
    max_completion_length: int = Field(default=256, ge=1)
    """Tokens of an answer; a longer one is cut, and earns nothing."""
    temperature: float = Field(default=1.0, gt=0)
    """Below 1 answers differ less, so that fewer prompts have some that pass and some that fail."""


def methods() -> list[str]:
    """Names of all training methods: the files of ``trainers/``, without importing them."""
    files = [m.name for m in pkgutil.iter_modules(trainers.__path__) if not m.ispkg]
    return sorted(name for name in files if not name.startswith("_"))


def options_of(method: Any) -> type[Recipe]:
    """The recipe schema of a method; of an unknown method, the schema of every recipe."""
    if method not in methods():
        return Recipe
    options = importlib.import_module(f"trainers.{method}").Options
    assert isinstance(options, type)
    assert issubclass(options, Recipe)
    return options
