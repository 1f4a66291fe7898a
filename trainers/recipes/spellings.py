"""Other spellings of a recipe's keys: of older TRL, axolotl, LLaMA-Factory, the configurations of
peft and bitsandbytes, and short ones.

The key itself is the field of the installed TRL, transformers or PEFT; another spelling is read as
it, and said. A key that only states what is done anyway is accepted with that value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.core.suggestion import nearest
from harness.files.yaml_file import Place

READ_AS: Mapping[str, str] = {
    **dict.fromkeys(("batch_size", "micro_batch_size", "per_device_batch_size",
                     "per_gpu_train_batch_size", "train_batch_size"),
                    "per_device_train_batch_size"),
    **dict.fromkeys(("accumulation", "gradient_accumulation", "grad_accum", "accumulation_steps"),
                    "gradient_accumulation_steps"),
    **dict.fromkeys(("epochs", "num_epochs"), "num_train_epochs"),
    **dict.fromkeys(("schedule", "lr_scheduler", "scheduler"), "lr_scheduler_type"),
    **dict.fromkeys(("warmup", "warmup_ratio"), "warmup_steps"),
    **dict.fromkeys(("max_seq_length", "max_seq_len", "sequence_len", "cutoff_len", "seq_length",
                     "model_max_length"), "max_length"),
    **dict.fromkeys(("checkpoint_activations", "gradient_checkpointing"),
                    "activation_checkpointing"),
    **dict.fromkeys(("lr",), "learning_rate"),
    **dict.fromkeys(("max_norm", "gradient_clipping", "clip"), "max_grad_norm"),
    **dict.fromkeys(("optimizer", "optimiser"), "optim"),
    **dict.fromkeys(("log_steps",), "logging_steps"),
    **dict.fromkeys(("base_model", "model", "model_name", "model_name_or_path"), "base"),
    **dict.fromkeys(("output_dir",), "output"),
    **dict.fromkeys(("stage", "training_method"), "method"),
    **dict.fromkeys(("train_file", "train_data"), "data.train"),
    **dict.fromkeys(("val_file", "validation_file", "eval_file", "eval_data"), "data.val"),
    **dict.fromkeys(("adapter_name_or_path", "lora_model_dir"), "adapter"),
    **dict.fromkeys(("quantization",), "quantize"),
    **dict.fromkeys(("chat_template_kwargs",), "template"),
    **dict.fromkeys(("lora_r", "lora_rank", "lora.rank", "lora.lora_r"), "lora.r"),
    **dict.fromkeys(("lora_alpha", "lora.alpha"), "lora.lora_alpha"),
    **dict.fromkeys(("lora_dropout", "lora.dropout"), "lora.lora_dropout"),
    **dict.fromkeys(("target_modules", "lora_target", "lora_target_modules", "lora.targets"),
                    "lora.target_modules"),
    **dict.fromkeys(("use_rslora", "lora.rslora"), "lora.use_rslora"),
}  # fmt: skip
"""Canonical key by another spelling of it, both dotted."""


def _dtype(value: Any) -> Any:
    return value.removeprefix("torch.") if isinstance(value, str) else value


def _when(flag: str) -> Callable[[Any], Any]:
    """``true`` is the value; ``false`` says nothing."""
    return lambda value: flag if value is True else None if value is False else value


def _adapter(value: Any) -> Any:
    """Where another trainer names the kind of adapter, there is one kind here."""
    return None if value in ("lora", "qlora") else value


CONVERTED: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "adapter": ("adapter", _adapter),
    "bf16": ("dtype", _when("bfloat16")),
    "fp16": ("dtype", _when("float16")),
    "torch_dtype": ("dtype", _dtype),
    "bnb_4bit_compute_dtype": ("dtype", _dtype),
    "load_in_4bit": ("quantize", _when("nf4")),
    "load_in_8bit": ("quantize", _when("int8")),
}
"""Canonical key, and its value from that of another key; ``None`` where that says nothing."""


@dataclass(frozen=True, slots=True)
class Stated:
    """The values with which a key states what is done anyway, and why others are refused."""

    values: tuple[Any, ...]
    reason: str


STATED: Mapping[str, Stated] = {
    "packing": Stated((False,), "rows are never packed, so that no answer sees another"),
    "padding_free": Stated((False,), "rows are padded"),
    "padding_side": Stated(("left", "right"), "padding never counts in the loss"),
    "remove_unused_columns": Stated((True, False), "rows have only columns that are used"),
    "completion_only_loss": Stated((True,), "only the completion and its ending are trained"),
    "train_on_inputs": Stated((False,), "only the completion and its ending are trained"),
    "train_on_prompt": Stated((False,), "only the completion and its ending are trained"),
    "assistant_only_loss": Stated((False,), "only the last answer of a conversation is trained"),
    "use_cpu": Stated((True, False), "a GPU is used where there is one"),
    "bias": Stated(("none",), "biases are not trained: a merge or a GGUF could not hold them"),
    "lora.bias": Stated(("none",), "biases are not trained: a merge or a GGUF could not hold them"),
    "task_type": Stated(("CAUSAL_LM",), "only causal language models are trained"),
    "lora.task_type": Stated(("CAUSAL_LM",), "only causal language models are trained"),
    "finetuning_type": Stated(("lora",), "only LoRA adapters are trained"),
    "use_dora": Stated((False,), "DoRA is not trained, leave it out"),
    "lora.use_dora": Stated((False,), "DoRA is not trained, leave it out"),
    "init_lora_weights": Stated((True, "default"), "other beginnings change the base's weights"),
    "lora.init_lora_weights": Stated(
        (True, "default"), "other beginnings change the base's weights"
    ),
    "modules_to_save": Stated(
        (None, []), "whole layers are not trained: a GGUF could not hold them"
    ),
    "lora.modules_to_save": Stated(
        (None, []), "whole layers are not trained: a GGUF could not hold them"
    ),
    "bnb_4bit_quant_type": Stated(("nf4",), "4 bits are nf4, say quantize: nf4"),
    "bnb_4bit_use_double_quant": Stated((True,), "nf4 quantises its constants too"),
    "gradient_checkpointing_kwargs": Stated(
        ({"use_reentrant": False},), "activations are checkpointed without reentry"
    ),
    "activation_checkpointing_kwargs": Stated(
        ({"use_reentrant": False},), "activations are checkpointed without reentry"
    ),
    "trust_remote_code": Stated((False,), "code of a base's repository is never run"),
    "do_train": Stated((True,), "harness train trains"),
    "overwrite_output_dir": Stated((False,), "say --overwrite when the recipe is run"),
    "push_to_hub": Stated((False,), "nothing is uploaded"),
    "save_safetensors": Stated((True,), "adapters are written as safetensors"),
    "metric_for_best_model": Stated(("loss", "eval_loss"), "the last weights are kept"),
    "load_best_model_at_end": Stated((False,), "the last weights are kept"),
    "report_to": Stated(("none", [], None), "the curve is in training.json"),
    "dataset_text_field": Stated(
        (), "name prompt and completion in the rows: one text has no mask"
    ),
    "response_template": Stated((), "prompt and completion are told apart by the rows"),
    "deepspeed": Stated((None,), "training runs in one process"),
    "fsdp": Stated(("", [], None), "training runs in one process"),
    "eval_strategy": Stated(("steps", "epoch"), "data.val and eval_steps say when"),
    "evaluation_strategy": Stated(("steps", "epoch"), "data.val and eval_steps say when"),
    "logging_strategy": Stated(("steps",), "logging_steps says when"),
    "save_strategy": Stated(("steps",), "save_steps says when"),
    "save_only_model": Stated((False,), "a checkpoint holds all that is needed to go on"),
    "resume_from_checkpoint": Stated((None, False), "say --resume when the recipe is run"),
    "group_by_length": Stated((False,), "rows come in a random order, that of the seed"),
    "train_sampling_strategy": Stated(("random",), "rows come in a random order, that of the seed"),
    "neftune_noise_alpha": Stated((None,), "no noise is added to embeddings"),
}
"""Keys that other trainers have and this one has no choice about."""


@dataclass(slots=True)
class Spelled:
    """A recipe's values under their canonical keys."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Place, Place] = field(default_factory=dict)
    """The place as typed, of each canonical one that was spelled otherwise."""
    read: list[tuple[str, str]] = field(default_factory=list)
    """Typed and canonical key, both dotted, of each that was."""
    mistakes: list[tuple[Place, str]] = field(default_factory=list)


def canonical(typed: Mapping[str, Any]) -> Spelled:
    """The values under their canonical keys, with what was said otherwise and what contradicts."""
    found = Spelled()
    for place, value in _entries(typed):
        name = ".".join(place)
        if name in STATED:
            if not any(_is_same(value, known) for known in STATED[name].values):
                found.mistakes.append((place, f"is not {value!r:.60} here: {STATED[name].reason}"))
        elif name in CONVERTED:
            target, value_of = CONVERTED[name]
            if (value := value_of(value)) is not None:
                _set(found, place, tuple(target.split(".")), value)
        else:
            _set(found, place, tuple(READ_AS.get(name, name).split(".")), value)
    return found


def unknown_key(place: Place, known: Sequence[str]) -> str:
    """The line about a key that no recipe has, with the nearest in any spelling."""
    *section, name = map(str, place)
    prefix = "".join(f"{part}." for part in section)
    others = {n.removeprefix(prefix): to for n, to in READ_AS.items() if n.startswith(prefix)}
    others |= {n: to for n, (to, _) in CONVERTED.items() if not section}
    found = nearest(name, [*known, *others])
    if found is None:
        return f"unknown key, known keys: {', '.join(known)}"
    return f"unknown key, did you mean {others.get(found, found).removeprefix(prefix)!r}?"


def _entries(typed: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    """Top-level keys, and those in ``lora`` and ``data``, in the order typed."""
    entries: list[tuple[tuple[str, ...], Any]] = []
    for key, value in typed.items():
        if key in ("lora", "data") and isinstance(value, Mapping):
            entries += [((key, str(inner)), below) for inner, below in value.items()]
            if not value:
                entries.append(((key,), value))
        else:
            entries.append(((str(key),), value))
    return entries


def _set(found: Spelled, place: Place, target: Place, value: Any) -> None:
    """Write a value to its canonical place; a second spelling of one key is a mistake."""
    *path, last = map(str, target)
    current = found.values
    for part in path:
        below = current.setdefault(part, {})
        if not isinstance(below, dict):
            found.mistakes.append((place, f"{part} has no keys, it is {below!r:.60}"))
            return
        current = below
    typed, dotted = ".".join(map(str, place)), ".".join(map(str, target))
    if last in current:
        other = ".".join(map(str, found.origins.get(target, target)))
        if typed != other and not (current[last] == value and target in _STATED_TWICE):
            found.mistakes.append((place, f"{other} says {dotted} already, keep one of the two"))
        return
    current[last] = value
    if typed != dotted:
        found.origins[target] = place
        found.read.append((typed, dotted))


_STATED_TWICE = (("dtype",), ("quantize",))
"""Keys that recipes state in several ways at once: ``bf16`` beside ``bnb_4bit_compute_dtype``."""


def _is_same(value: Any, known: Any) -> bool:
    """Equal, and of one type: 1 is not true."""
    return type(value) is type(known) and bool(value == known)
