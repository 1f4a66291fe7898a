"""Holds every tensor name of a LoRA adapter to the modules of its base, as peft does.

peft puts a pair of matrices over each module that the configuration names, then fills in the
tensors whose names agree. It passes over a tensor without a place and leaves a module without
tensors untrained, so that such an adapter answers as its base does, in whole or in part. Names and
rules are those of ``peft/tuners/tuners_utils.py`` and ``peft/utils/save_and_load.py``.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.core.printable import excerpt
from harness.model_files.finding import Finding, problem, warning
from harness.model_files.folders import ADAPTER_CONFIG as CONFIG
from harness.model_files.folders import ADAPTER_WEIGHTS as WEIGHTS
from harness.model_files.safetensors_header import Tensor
from harness.model_files.weights import embedding_of, is_embedding

PREFIX = "base_model.model."
"""Begins the names of an adapter's tensors."""
HEAD = "lm_head"
_CLASS_PREFIXES = ("model", "transformer", "gpt_neox", "backbone")
"""First parts of the modules' names in transformers' classes; some checkpoints omit them."""
_LORA_PART = re.compile(
    r"\.(?P<part>lora_[AB]\.weight|lora_embedding_[AB]|lora_B\.bias|lora_magnitude_vector)$"
)
_PAIRS = (("lora_A.weight", "lora_B.weight"), ("lora_embedding_A", "lora_embedding_B"))
_TOKENS = ".token_adapter.trainable_tokens_delta"
_WRAPPED = re.compile(r"\.(token_adapter\.base_layer|base_layer|original_module|modules_to_save)\.")
"""Parts of names of whole weights that peft saves along."""
_OTHERWISE_NAMED = re.compile(r"\.experts\.|(^|\.)(language_model|vision_\w+|visual)\.")
"""Modules whose names in the files are not those of transformers' classes."""
_OWN_MODULES = ("layer_replication", "target_parameters", "arrow_config", "use_bdlora")
"""Settings under which peft makes modules that the base's files do not name."""


def name_findings(
    config: Mapping[str, Any], tensors: Mapping[str, Tensor], base: Mapping[str, Tensor]
) -> Iterator[Finding]:
    """Findings about tensors that peft would pass over, and about modules without tensors.

    Args:
        config: the adapter's configuration.
        tensors: the adapter's tensors by name.
        base: the tensors of its base.
    """
    foreign = [name for name in tensors if not name.startswith(PREFIX)]
    if foreign:
        yield _not_applied(foreign, tensors, f"do not begin with {PREFIX}")
        return
    if any(config.get(name) for name in _OWN_MODULES):
        return
    names = [name.removeprefix(PREFIX) for name in tensors]
    stored = class_names(names, base)
    try:
        targets = {module for module in _modules(stored) if is_target(config, module)}
        targets |= _tied_targets(config, targets, base, stored)
    except (re.error, TypeError) as error:
        yield problem(CONFIG, f"its targets cannot be read ({error})", "correct target_modules")
        return
    placeless = [name for name in names if not _has_place(name, config, stored, targets)]
    if placeless:
        yield _placeless_finding(placeless, names, stored)
        if all(_OTHERWISE_NAMED.search(name) for name in placeless):
            return
    yield from _missing_findings(config, frozenset(names), targets, is_foreign=bool(placeless))


def is_target(config: Mapping[str, Any], module: str) -> bool:
    """True where peft puts a pair of matrices over a module of this name.

    Raises:
        re.error: a pattern of the configuration is no regular expression.
        TypeError: a setting has another type than peft's.
    """
    excluded = config.get("exclude_modules")
    if excluded and _matches(excluded, module):
        return False
    saved = config.get("modules_to_save") or ()
    if any(re.match(rf"(^|.*\.){name}($|\..*)", module) for name in saved):
        return False
    named = config.get("target_modules")
    if not named:
        return False
    if named == "all-linear":
        return module != HEAD and not is_embedding(f"{module}.weight")
    if isinstance(named, str) or module in named:
        return _matches(named, module)
    return _matches(named, module) and _is_in_layers(config, module)


def _tied_targets(
    config: Mapping[str, Any],
    targets: set[str],
    base: Mapping[str, Tensor],
    stored: Mapping[str, Tensor],
) -> set[str]:
    """Embedding and head, where the two share their weights, one is a target, and
    ``ensure_weight_tying`` makes the other one too."""
    embedding = next((name for name in stored if is_embedding(name)), "").removesuffix(".weight")
    both = {embedding, HEAD}
    is_tying = bool(config.get("ensure_weight_tying")) and f"{HEAD}.weight" not in base
    return both if is_tying and embedding and both & targets else set()


def _matches(names: Any, module: str) -> bool:
    """True where peft matches a setting with a module: a pattern, or whole names or last parts."""
    if isinstance(names, str):
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # On sets that Python may read otherwise.
            return re.fullmatch(names, module) is not None
    return any(module == name or module.endswith(f".{name}") for name in names)


def _is_in_layers(config: Mapping[str, Any], module: str) -> bool:
    """True where ``layers_to_transform`` is not set or names the module's layer."""
    layers = config.get("layers_to_transform")
    if layers is None or layers == []:
        return True
    patterns = config.get("layers_pattern") or [r"[^.]*"]
    patterns = [patterns] if isinstance(patterns, str) else patterns
    found = (re.match(rf"(?:^|.*?\.){pattern}\.(\d+)\.", module) for pattern in patterns)
    match = next((m for m in found if m is not None), None)
    return match is not None and int(match[1]) in (layers if isinstance(layers, list) else [layers])


def class_names(names: Iterable[str], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The base's tensors by their names in transformers' class.

    Args:
        names: of the adapter's tensors or modules, without peft's prefix.
        base: the tensors as the base's files name them.
    """
    firsts = {name.partition(".")[0] for name in names}
    prefix = next((p for p in _CLASS_PREFIXES if p in firsts), None)
    stored = dict(base)
    if prefix is not None and not any(name.startswith(f"{prefix}.") for name in base):
        stored = {n if n.startswith(HEAD) else f"{prefix}.{n}": t for n, t in base.items()}
    if (embedding := embedding_of(base)) is not None:
        stored.setdefault(f"{HEAD}.weight", embedding)  # tied to it where it is not stored
    return stored


def _modules(stored: Mapping[str, Tensor]) -> Iterator[str]:
    """Modules that can have a pair of matrices over them; GPTQ's weights have a name of theirs."""
    for name, tensor in stored.items():
        module, _, part = name.rpartition(".")
        if part in ("weight", "qweight") and len(tensor.shape) >= 2:
            yield module


def _has_place(
    name: str, config: Mapping[str, Any], stored: Mapping[str, Tensor], targets: set[str]
) -> bool:
    """True where peft finds a parameter of this name."""
    if (lora := _LORA_PART.search(name)) is not None:
        is_used = {"lora_B.bias": "lora_bias", "lora_magnitude_vector": "use_dora"}
        setting = is_used.get(lora["part"])
        return name[: lora.start()] in targets and (setting is None or bool(config.get(setting)))
    if name.endswith(_TOKENS):
        return bool(config.get("trainable_token_indices"))
    plain = _WRAPPED.sub(".", name)
    is_wrapped = plain.rpartition(".")[0] in targets
    return plain in stored and (not is_wrapped or ".base_layer." in name)


def _not_applied(names: list[str], among: Any, why: str) -> Finding:
    return problem(
        WEIGHTS,
        f"{len(names)} of {len(among)} tensors would not be applied: their names {why} "
        f"({excerpt(names[0])})",
        "save the adapter again with save_pretrained of the unwrapped PeftModel",
    )


def _placeless_finding(
    placeless: list[str], names: list[str], stored: Mapping[str, Tensor]
) -> Finding:
    """The finding about tensors without a place, with the likeliest reason."""
    module = placeless[0].partition(".lora_")[0]
    if f"{module}.weight" in stored or _WRAPPED.sub(".", placeless[0]) in stored:
        return _not_applied(placeless, names, f"are not those that {CONFIG} asks for")
    parts = module.split(".")
    shorter = (".".join((*parts[:i], *parts[i + 1 :])) for i in range(len(parts)))
    if any(f"{name}.weight" in stored for name in shorter):
        return _not_applied(placeless, names, "have a wrapper's part (FSDP, torch.compile, DDP)")
    # Some may only be called otherwise by the model's class than in its files.
    level = warning if all(_OTHERWISE_NAMED.search(name) for name in placeless) else problem
    return level(
        WEIGHTS,
        f"{excerpt(module)} is no module of the base",
        "it is an adapter for another model: give its own base with +base=",
    )


def _missing_findings(
    config: Mapping[str, Any], names: frozenset[str], targets: set[str], *, is_foreign: bool
) -> Iterator[Finding]:
    """Findings about modules that the configuration names and the file has no tensors for."""
    empty = [
        module
        for module in sorted(targets)
        if not any({f"{module}.{a}", f"{module}.{b}"} <= names for a, b in _PAIRS)
    ]
    if empty and not is_foreign:
        yield problem(
            WEIGHTS,
            f"{len(empty)} of {len(targets)} targets have no weights ({excerpt(empty[0])})",
            "peft would leave them as in the base: copy the adapter's file again, whole",
        )
    replaced = config.get("modules_to_save") or ()
    wanted = [f"the replaced module {name}" for name in replaced if not _is_held(str(name), names)]
    if config.get("trainable_token_indices") and not any(name.endswith(_TOKENS) for name in names):
        wanted.append("the trained tokens")
    if wanted:
        yield problem(
            WEIGHTS,
            f"its configuration names {excerpt(wanted[0])}, which it does not hold",
            "copy or save it again",
        )


def _is_held(module: str, names: frozenset[str]) -> bool:
    return any(f".{module}." in f".{name}" for name in names)


def pattern_value(patterns: Any, module: str, default: Any) -> Any:
    """The value of the first pattern that matches the module, by peft's rules (``rank_pattern``).

    Raises:
        re.error, TypeError, AttributeError: the setting is no table of patterns.
    """
    found = (v for p, v in (patterns or {}).items() if re.match(rf"(.*\.)?({p})$", module))
    return next(found, default)
