"""Findings about a PEFT adapter's files: rank, targets, and the base that it was trained over."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.adapter_names import (
    HEAD,
    PREFIX,
    class_names,
    name_findings,
    pattern_value,
)
from harness.model_files.finding import Finding, Level, note, problem, unopenable, warning
from harness.model_files.fingerprint import folder_hash
from harness.model_files.folder_tokens import folder_tokens
from harness.model_files.folders import ADAPTER_CONFIG as CONFIG
from harness.model_files.folders import ADAPTER_WEIGHTS as WEIGHTS
from harness.model_files.folders import tokenizer_folder
from harness.model_files.hub import is_revision
from harness.model_files.lora_init import base_changing_init
from harness.model_files.safetensors_header import Tensor
from harness.model_files.training_record import FILE as TRAINING
from harness.model_files.training_record import trained_over
from harness.model_files.weights import (
    WeightHeaders,
    embedding_of,
    file_weights,
    folder_weights,
    is_embedding,
    row_findings,
)

LORA_NAME = re.compile(rf"^{re.escape(PREFIX)}(?P<module>.+)\.lora_(?P<side>[AB])\.weight$")
"""The name of one matrix of a pair."""
_ROWS = re.compile(r"\.(?:(?:token_adapter\.)?base_layer\.|modules_to_save\.)?weight$")
_AGAIN = "copy or train it again"
_FLOATS = ("F16", "BF16", "F32", "F64")
"""Types of plain weights; others are packed, and their shape is not the matrix's."""
MAX_HASHED_BYTES = 300_000_000
"""Weights up to this size are hashed before a run: it takes them well under a second."""


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """The contents of an adapter's files, without the weights themselves."""

    folder: Path
    config: Mapping[str, Any]
    weights: WeightHeaders
    trained_over: str | None = None
    """Fingerprint of the base that it was trained over, where ``training.json`` records one."""
    unreadable: tuple[Finding, ...] = field(default=())

    @property
    def rank(self) -> int | None:
        return _whole(self.config.get("r"))

    @property
    def pairs(self) -> dict[str, dict[str, Tensor]]:
        """By module of the base: its matrices ``A`` ``[rank, in]`` and ``B`` ``[out, rank]``."""
        found: dict[str, dict[str, Tensor]] = {}
        for name, tensor in self.weights.tensors.items():
            if (match := LORA_NAME.match(name)) is not None:
                found.setdefault(match["module"], {})[match["side"]] = tensor
        return found


def saved_rows(tensors: Iterable[Tensor]) -> int | None:
    """Rows of the embedding, or else of the head, that an adapter contains whole; ``None`` where
    it contains neither. They differ from the base's where training resized the vocabulary."""
    whole = {
        _ROWS.sub(".weight", t.name): t.shape[0]
        for t in tensors
        if len(t.shape) == 2 and _ROWS.search(t.name)
    }
    embeddings = [rows for name, rows in whole.items() if is_embedding(name)]
    heads = [rows for name, rows in whole.items() if name.endswith(f"{HEAD}.weight")]
    return next(iter(embeddings + heads), None)


def read_adapter_files(folder: Path) -> AdapterFiles:
    """Read the files of an adapter; a file that cannot be read is a finding."""
    config, training = {}, {}
    unreadable = []
    try:
        config = read_object(folder / CONFIG)
    except UnreadableFile as error:
        unreadable.append(unopenable(CONFIG, str(error), _AGAIN))
    try:
        training = read_object(folder / TRAINING)
    except UnreadableFile as error:
        unreadable.append(warning(TRAINING, str(error), _AGAIN))
    has_weights = (folder / WEIGHTS).is_file()
    weights = file_weights(folder / WEIGHTS) if has_weights else WeightHeaders()
    return AdapterFiles(folder, config, weights, trained_over(training), tuple(unreadable))


def adapter_findings(adapter: AdapterFiles, base: WeightHeaders) -> Iterator[Finding]:
    """Findings about an adapter over these weights of its base."""
    yield from adapter.unreadable
    yield from adapter.weights.findings
    config = adapter.config
    if (kind := config.get("peft_type")) not in (None, "LORA"):
        yield note(CONFIG, f"it is of the type {excerpt(str(kind))}", "only LoRA is looked into")
        return
    yield from _kind_findings(config)
    if not adapter.weights.tensors:
        return
    yield from fit_findings(adapter, base.tensors)
    if _is_untrained(adapter):
        yield warning(WEIGHTS, "every lora_B is zero", "it changes nothing: it was never trained")


def fit_findings(adapter: AdapterFiles, base: Mapping[str, Tensor]) -> Iterator[Finding]:
    """Findings where the tensors of a LoRA are not those that its configuration and base ask for.

    Args:
        adapter: a LoRA.
        base: the tensors of its base; empty where they cannot be read.
    """
    if adapter.config.get("alora_invocation_tokens"):
        yield problem(
            CONFIG,
            "it is an activated LoRA, which works from certain tokens of the prompt on",
            "answers are generated here a token at a time, and would lose it: use peft's generate",
        )
    yield from _rank_findings(adapter)
    if not base or not adapter.weights.tensors:
        return
    yield from _target_findings(adapter, base)
    yield from _resize_findings(adapter.weights.tensors, base)


def require_fit(adapter: AdapterFiles, base: Path) -> None:
    """Raise a HarnessError for each problem in how a LoRA and its tokenizer fit its base's
    folder."""
    if adapter.config.get("peft_type") not in (None, "LORA"):
        return
    weights = folder_weights(base)
    found = [*fit_findings(adapter, weights.tensors)]
    rows = saved_rows(adapter.weights.tensors.values())
    with suppress(UnreadableFile):  # whoever loads the tokenizer says so
        tokens = folder_tokens(tokenizer_folder(adapter.folder, base), base)
        found += row_findings(weights, tokens, {}, resized=rows)
    if problems := [f"{adapter.folder}: {f}" for f in found if f.level is Level.PROBLEM]:
        raise HarnessError(*problems)


def base_findings(
    adapter: AdapterFiles, base: Path, base_size: int, *, is_asked: bool, is_thorough: bool
) -> Iterator[Finding]:
    """A finding where the base is not the one that the adapter was trained over.

    Args:
        adapter: the adapter.
        base: its base's folder.
        base_size: bytes of the base's weights.
        is_asked: the user named this base: another one is then a warning.
        is_thorough: hash weights of any size.
    """
    if unheld := unheld_revision(adapter.config, base):
        yield warning(CONFIG, f"it pins {unheld}", "give that revision's folder with +base=")
    if adapter.trained_over is None:
        return
    if base_size > MAX_HASHED_BYTES and not is_thorough:
        yield note(TRAINING, "the base is too large to hash before a run", "harness doctor does")
        return
    found = folder_hash(base)
    if found == adapter.trained_over:
        return
    level = warning if is_asked else problem
    yield level(
        TRAINING,
        f"it was trained over weights {adapter.trained_over[:12]}, {base} holds {found[:12]}",
        "what it answers over another base means nothing: give its own with +base=",
    )


def unheld_revision(config: Mapping[str, Any], base: Path) -> str | None:
    """A sentence's rest where an adapter pins a revision of its base, and a folder does not say
    which one it holds."""
    revision = config.get("revision")
    if not isinstance(revision, str) or not revision or is_revision(base, revision):
        return None
    return f"the revision {excerpt(revision)} of its base, which {base} may not be"


def _kind_findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    if init := base_changing_init(config):
        yield warning(
            CONFIG,
            f"it began with {excerpt(init)}, which changes the base's weights",
            "as a plain LoRA (GGUF, vLLM) it is another model: have peft save it as one",
        )
    if saved := config.get("modules_to_save"):
        names = ", ".join(map(str, saved)) if isinstance(saved, list) else str(saved)
        yield note(
            CONFIG, f"it replaces whole modules ({excerpt(names)})", "a LoRA GGUF cannot hold them"
        )
    if config.get("use_dora") is True:
        yield note(CONFIG, "it is a DoRA", "a LoRA GGUF cannot hold its magnitudes: merge it")
    if (bias := config.get("bias")) not in (None, "none"):
        yield note(CONFIG, f"it trains biases ({excerpt(str(bias))})", "a LoRA GGUF drops them")
    alpha = config.get("lora_alpha")
    if not isinstance(alpha, int | float) or isinstance(alpha, bool):
        yield problem(CONFIG, "lora_alpha is no number", "the adapter's strength is unknown")
    elif alpha == 0:
        yield warning(CONFIG, "lora_alpha is 0", "the adapter changes nothing")


def _rank_findings(adapter: AdapterFiles) -> Iterator[Finding]:
    """Findings where a matrix has another rank than the configuration names."""
    for module, sides in adapter.pairs.items():
        ranks = {
            t.shape[0 if side == "A" else -1] for side, t in sides.items() if len(t.shape) == 2
        }
        if len(sides) != 2:
            missing = "B" if "A" in sides else "A"
            yield problem(WEIGHTS, f"{excerpt(module)} has no lora_{missing}", "copy it again")
            return
        try:
            wanted = pattern_value(adapter.config.get("rank_pattern"), module, adapter.rank)
        except (re.error, TypeError, AttributeError) as error:
            yield problem(CONFIG, f"rank_pattern cannot be read ({error})", _AGAIN)
            return
        if ranks and wanted is not None and ranks != {wanted}:
            said = " and ".join(map(str, sorted(ranks)))
            yield problem(
                WEIGHTS,
                f"{excerpt(module)} has rank {said}, {CONFIG} says {wanted}",
                "the two are not of one training: copy the whole folder",
            )
            return


def _target_findings(adapter: AdapterFiles, base: Mapping[str, Tensor]) -> Iterator[Finding]:
    """Findings where a target is not in the base, or a matrix fits no module there."""
    stored = class_names(adapter.pairs, base)
    modules = {n.removesuffix(".weight"): t for n, t in stored.items() if n.endswith(".weight")}
    named = adapter.config.get("target_modules")
    targets = [str(n) for n in named] if isinstance(named, list) else []
    there = [name for name in targets if any(_is_at(m, name) for m in modules)]
    # With none of them there, it is another model's adapter: said once, of its names.
    for name in targets if there else ():
        if name not in there:
            yield warning(
                CONFIG,
                f"the target {excerpt(name)} is no module of the base",
                "training passed it over in silence: correct target_modules and train again",
            )
    yield from name_findings(adapter.config, adapter.weights.tensors, base)
    yield from _shape_findings(adapter, modules)


def _shape_findings(adapter: AdapterFiles, modules: Mapping[str, Tensor]) -> Iterator[Finding]:
    for module, sides in adapter.pairs.items():
        saved = adapter.weights.tensors.get(f"{PREFIX}{module}.base_layer.weight")
        weight = saved or modules.get(module)
        if weight is None or set(sides) != {"A", "B"} or weight.dtype not in _FLOATS:
            continue
        if {len(weight.shape), len(sides["A"].shape), len(sides["B"].shape)} != {2}:
            continue
        width, height = sides["A"].shape[-1], sides["B"].shape[0]
        # GPT-2 stores its matrices the other way round.
        if (height, width) not in (weight.shape, weight.shape[::-1]):
            yield problem(
                WEIGHTS,
                f"{excerpt(module)} turns {width} numbers into {height}, "
                f"in the base it is {weight.shape[0]} by {weight.shape[1]}",
                "it is an adapter for another model: give its own base with +base=",
            )
            return


def _resize_findings(
    tensors: Mapping[str, Tensor], base: Mapping[str, Tensor]
) -> Iterator[Finding]:
    """A finding where training resized the vocabulary and the new rows are not all in the file."""
    rows, embedding = saved_rows(tensors.values()), embedding_of(base)
    if rows is None or embedding is None or rows == embedding.shape[0]:
        return
    names = [_ROWS.sub(".weight", name) for name in tensors]
    needed = {"embedding": any(is_embedding(name) for name in names)}
    if f"{HEAD}.weight" in base:
        needed["head"] = any(name.endswith(f"{HEAD}.weight") for name in names)
    for part in (part for part, is_there in needed.items() if not is_there):
        yield problem(
            WEIGHTS,
            f"it is of a vocabulary of {rows:,} rows, the base has {embedding.shape[0]:,}, and "
            f"the {part}'s rows are not in it",
            "save it again with save_embedding_layers=True",
        )


def _is_at(module: str, target: str) -> bool:
    """True where peft matches a target with a module: by the whole name or its last parts."""
    return module == target or module.endswith("." + target)


def _is_untrained(adapter: AdapterFiles) -> bool:
    """True where every ``lora_B`` is zero, as it is before the first step."""
    seconds = [sides["B"] for sides in adapter.pairs.values() if "B" in sides]
    if not seconds:
        return False
    with (adapter.folder / WEIGHTS).open("rb") as file:
        for tensor in seconds:
            file.seek(tensor.start)
            if any(file.read(tensor.size_bytes)):
                return False
    return True


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
