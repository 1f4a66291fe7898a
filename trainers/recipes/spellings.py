"""Other spellings of a recipe's keys: of older TRL, axolotl, LLaMA-Factory, the configurations of
peft and bitsandbytes, and short ones.

The key itself is the field of the installed TRL, transformers or PEFT; another spelling is read as
it, and said. A key that only states what is done anyway is accepted with that value.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    **dict.fromkeys(("random_seed",), "seed"),
    **dict.fromkeys(("max_norm", "gradient_clipping", "clip"), "max_grad_norm"),
    **dict.fromkeys(("optimizer", "optimiser"), "optim"),
    **dict.fromkeys(("log_steps",), "logging_steps"),
    **dict.fromkeys(("base_model", "model", "model_name", "model_name_or_path", "model_id",
                     "model.name", "model.name_or_path", "model.path", "model.id", "model.base"),
                    "base"),
    **dict.fromkeys(("output_dir",), "output"),
    **dict.fromkeys(("stage", "training_method"), "method"),
    **dict.fromkeys(("train_file", "train_data", "train_path", "data_path", "dataset_path",
                     "data.train_file", "data.train_path", "data.path"), "data.train"),
    **dict.fromkeys(("val_file", "validation_file", "eval_file", "eval_data", "val_path",
                     "data.val_file", "data.validation_file", "data.eval_file", "data.val_path"),
                    "data.val"),
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

SECTIONS: Mapping[str, str] = {
    **dict.fromkeys(("training", "training_args", "training_arguments", "trainer", "train", "sft",
                     "dpo", "model", "bnb", "bnb_config", "quantization", "quantization_config"),
                    ""),
    **dict.fromkeys(("peft", "peft_config", "lora_config", "qlora"), "lora"),
    "dataset": "data",
}  # fmt: skip
"""Sections of other configurations, and the section of a recipe whose keys theirs are; empty where
they are the recipe's own."""
OWN_SECTIONS = ("lora", "data")


def _dtype(value: Any) -> Any:
    return value.removeprefix("torch.") if isinstance(value, str) else value


def _when(flag: str) -> Callable[[Any], Any]:
    """``true`` is the value; ``false`` says nothing."""
    return lambda value: flag if value is True else None if value is False else value


def _adapter(value: Any) -> Any:
    """Where another trainer names the kind of adapter, there is one kind here."""
    return None if value in ("lora", "qlora") else value


def _metric(value: Any) -> Any:
    """transformers puts ``eval_`` before a metric's name, or leaves it out."""
    bare = value.removeprefix("eval_") if isinstance(value, str) else value
    return "eval_loss" if bare == "loss" else bare


CONVERTED: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "adapter": ("adapter", _adapter),
    "assistant_only_loss": ("data.train_on", _when("every_answer")),
    "bf16": ("dtype", _when("bfloat16")),
    "fp16": ("dtype", _when("float16")),
    "torch_dtype": ("dtype", _dtype),
    "bnb_4bit_compute_dtype": ("dtype", _dtype),
    "load_best_model_at_end": ("select", _when("eval_loss")),
    "metric_for_best_model": ("select", _metric),
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
    "use_cpu": Stated((True, False), "a GPU is used where there is one"),
    "no_cuda": Stated((True, False), "a GPU is used where there is one"),
    "device": Stated(("cpu", "cuda", "auto"), "a GPU is used where there is one"),
    "device_map": Stated(
        (None, "auto", "cpu", {"": 0}, {"": "cpu"}), "the base is on one device, a GPU or the CPU"
    ),
    "tf32": Stated((True, False, None), "it is used on GPUs that have it"),
    "attn_implementation": Stated(("sdpa",), "attention is PyTorch's own"),
    "use_cache": Stated((False,), "training keeps no cache"),
    "low_cpu_mem_usage": Stated((True,), "weights are mapped, not copied"),
    "dataloader_num_workers": Stated((0,), "the rows are in memory already"),
    "dataloader_pin_memory": Stated((True, False), "it is used with a GPU"),
    "per_device_eval_batch_size": Stated(
        (), "evaluations have batches of per_device_train_batch_size"
    ),
    "adam_beta1": Stated((0.9,), "AdamW has its usual moments"),
    "adam_beta2": Stated((0.999,), "AdamW has its usual moments"),
    "adam_epsilon": Stated((1e-8,), "AdamW has its usual moments"),
    "logging_dir": Stated((), "the curve is in the output folder"),
    "disable_tqdm": Stated((True, False), "a terminal has a bar, a file has lines"),
    "ddp_find_unused_parameters": Stated((False, None), "every trained number is used"),
    "add_eos_token": Stated((True,), "every completion has its ending"),
    "val_set_size": Stated((0,), "harness data prepare splits the rows: name data.val"),
    "test_size": Stated((0,), "harness data prepare splits the rows: name data.val"),
    "train_split": Stated((), "harness data prepare --split splits the rows"),
    "truncation_mode": Stated(
        (), "longer rows are left out, and longer prompts cut by max_prompt_length, from the left"
    ),
    "ref_model": Stated((None,), "the reference is the model with its adapter switched off"),
    "reference_free": Stated((False,), "the reference is the model with its adapter switched off"),
    "peft_type": Stated(("LORA",), "only LoRA adapters are trained"),
    "inference_mode": Stated((False,), "harness train trains"),
    "fan_in_fan_out": Stated((True, False), "the kind of layer decides it"),
    "llm_int8_threshold": Stated((6.0,), "int8 has the threshold of its paper"),
    "bias": Stated(("none",), "biases are not trained: a merge or a GGUF could not hold them"),
    "task_type": Stated(("CAUSAL_LM",), "only causal language models are trained"),
    "finetuning_type": Stated(("lora",), "only LoRA adapters are trained"),
    "use_dora": Stated((False,), "DoRA is not trained, leave it out"),
    "init_lora_weights": Stated((True, "default"), "other beginnings change the base's weights"),
    "modules_to_save": Stated(
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
    "greater_is_better": Stated((True, False, None), "what is better is known of each metric"),
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
    for place, section, value in _entries(typed):
        name = ".".join((*section, place[-1]))
        if stated := STATED.get(place[-1]):
            if not any(_is_same(value, known) for known in stated.values):
                found.mistakes.append((place, f"is not {value!r:.60} here: {stated.reason}"))
        elif name in CONVERTED:
            target, value_of = CONVERTED[name]
            if (value := value_of(value)) is not None:
                _set(found, place, tuple(target.split(".")), value)
        else:
            target = READ_AS.get(".".join(place)) or READ_AS.get(name, name)
            _set(found, place, tuple(target.split(".")), value)
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


def _entries(
    typed: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Any]]:
    """Each key: its place as typed, the section that it is a key of, and its value, in the order
    typed. Keys are those of the recipe itself and of its sections."""
    for key, value in typed.items():
        section = key if key in OWN_SECTIONS else SECTIONS.get(key)
        if section is not None and isinstance(value, Mapping) and value:
            path = (section,) if section else ()
            yield from (((key, str(inner)), path, below) for inner, below in value.items())
        else:
            yield (str(key),), (), value


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
    if typed == dotted:
        return
    found.origins[target] = place
    section, _, key = typed.rpartition(".")
    if section in SECTIONS and key == last:
        # Said once for all keys that keep their name.
        said = (f"{section}.*", f"{SECTIONS[section]}.*" if SECTIONS[section] else "*")
        found.read += [said] if said not in found.read else []
    else:
        found.read.append((typed, dotted))


_STATED_TWICE = (("dtype",), ("quantize",), ("select",))
"""Keys that recipes state in several ways at once: ``bf16`` beside ``bnb_4bit_compute_dtype``."""


def _is_same(value: Any, known: Any) -> bool:
    """Equal, and of one type: 1 is not true."""
    return type(value) is type(known) and bool(value == known)
