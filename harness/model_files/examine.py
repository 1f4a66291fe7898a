"""Examines the files of the models that a user named, before any of them is opened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.core.modelref import ModelRef
from harness.core.plan import sha256_of
from harness.core.printable import excerpt
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.adapter import (
    AdapterFiles,
    adapter_findings,
    base_findings,
    read_adapter_files,
    saved_rows,
)
from harness.model_files.finding import Finding, Level, unopenable
from harness.model_files.folder_tokens import folder_tokens
from harness.model_files.folders import adapter_base, tokenizer_folder
from harness.model_files.foreign_code import code_findings
from harness.model_files.gguf_findings import gguf_findings, lora_findings, types_of
from harness.model_files.gguf_header import DamagedGguf, read_gguf_header
from harness.model_files.gguf_tokens import gguf_tokens
from harness.model_files.hub import local_copy, local_folder
from harness.model_files.token_findings import copy_findings, token_findings
from harness.model_files.tokens import TokenFacts
from harness.model_files.weights import WeightHeaders, folder_weights, row_findings

KINDS = ("base", "adapter", "merged", "gguf")
"""Kinds of model whose files are examined."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Facts and findings about one model's files."""

    ref: ModelRef
    facts: Mapping[str, str] = field(default_factory=dict)
    """Name and value, in the order to show."""
    findings: tuple[Finding, ...] = ()
    tokens: TokenFacts | None = None
    size_bytes: int | None = None
    """Bytes of all weights that are opened, an adapter's base included; ``None`` where unknown."""

    def at(self, level: Level) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level is level)


def examine_all(refs: Sequence[ModelRef], *, is_thorough: bool = False) -> tuple[Examination, ...]:
    """Examine each model's files, and compare its chat template with that of the last model before
    it that has the same vocabulary; a model without a template with any that has one, so that the
    order of the models does not matter.

    Args:
        refs: models that passed ``harness.backends.preflight``.
        is_thorough: hash a base of any size, to find out whether it is the adapter's own.
    """
    examined = [examine(ref, is_thorough=is_thorough) for ref in refs]
    return tuple(
        _compared(found, examined[:number], examined[number + 1 :])
        for number, found in enumerate(examined)
    )


def examine(ref: ModelRef, *, is_thorough: bool = False) -> Examination:
    """Examine one model's files; the result is empty for a kind that has none."""
    if ref.kind in ("base", "merged"):
        return _folder(ref)
    if ref.kind == "adapter":
        return _adapter(ref, is_thorough)
    return _gguf(ref) if ref.kind == "gguf" else Examination(ref)


def _compared(
    found: Examination, before: Sequence[Examination], after: Sequence[Examination]
) -> Examination:
    """Add the differences to the template of a model with the same vocabulary. An adapter is
    compared with its base instead."""
    if found.tokens is None or found.ref.kind == "adapter":
        return found
    own = found.tokens
    last, rest = (
        [e for e in group if e.tokens is not None and own.is_same_vocabulary(e.tokens)]
        for group in (reversed(before), after)
    )
    if own.template is None and not own.named_templates:
        # Before or after makes no difference to a model that has none.
        last = [e for e in (*last, *rest) if e.tokens and e.tokens.template is not None] or last
    for other in last[:1]:
        assert other.tokens is not None
        is_copy = found.ref.kind != "base"
        more = copy_findings(own, other.tokens, str(other.ref), is_copy=is_copy)
        return replace(found, findings=(*found.findings, *more))
    return found


def _folder(ref: ModelRef) -> Examination:
    folder = local_copy(ref.location)
    if folder is None:
        return Examination(ref, {"folder": "not downloaded yet, so not looked into"})
    weights = folder_weights(folder)
    try:
        config, tokens = read_object(folder / "config.json"), folder_tokens(folder)
    except UnreadableFile as error:
        return Examination(ref, findings=(*weights.findings, _unreadable(error)))
    findings = (
        *weights.findings,
        *row_findings(weights, tokens, config),
        *code_findings(config),
        *token_findings(tokens),
    )
    facts = {**_weight_facts(weights, config), **_token_facts(tokens)}
    return Examination(ref, facts, findings, tokens, weights.size_bytes)


def _adapter(ref: ModelRef, is_thorough: bool) -> Examination:
    folder, location = local_folder(ref.location), adapter_base(ref)
    adapter, base = read_adapter_files(folder), local_copy(location)
    weights = folder_weights(base) if base else WeightHeaders()
    findings = [*weights.findings, *adapter_findings(adapter, weights)]
    facts = _adapter_facts(adapter, location)
    if base is None:
        return Examination(ref, facts, tuple(findings))
    findings += base_findings(
        adapter,
        base,
        weights.size_bytes,
        is_asked=ref.option("base") is not None,
        is_thorough=is_thorough,
    )
    try:
        theirs = folder_tokens(base)
        has_own = tokenizer_folder(folder, base) == folder
        tokens = folder_tokens(folder, configs=base) if has_own else theirs
        config = read_object(base / "config.json")
    except UnreadableFile as error:
        return Examination(ref, facts, (*findings, _unreadable(error)))
    findings += code_findings(config)
    if has_own:
        findings += copy_findings(tokens, theirs, f"its base {location}")
    rows = saved_rows(adapter.weights.tensors.values())
    findings += row_findings(weights, tokens, config, resized=rows)
    findings += token_findings(tokens)
    size = weights.size_bytes + adapter.weights.size_bytes
    return Examination(ref, facts | _token_facts(tokens), tuple(findings), tokens, size)


def _gguf(ref: ModelRef) -> Examination:
    path = Path(ref.location)
    try:
        header = read_gguf_header(path)
    except DamagedGguf as error:
        return Examination(ref, findings=(unopenable(path.name, str(error), _AGAIN),))
    tokens = gguf_tokens(header)
    findings = [*gguf_findings(header, tokens)]
    if tokens.ids:
        findings += token_findings(tokens)
    facts = {
        "architecture": excerpt(header.architecture),
        "file": f"{_megabytes(header.size_bytes)}, {header.file_type or 'type unknown'}",
        "tensors": ", ".join(f"{count} {name}" for name, count in types_of(header).items()),
        "parameters": f"{sum(t.numel for t in header.tensors.values()):,}",
        "context": _number(header.count(f"{header.architecture}.context_length")),
        **_token_facts(tokens),
    }
    size = header.size_bytes
    if (lora := ref.option("lora")) is not None:
        findings += _lora(Path(lora), header)
        facts["lora"] = lora
        size += Path(lora).stat().st_size if Path(lora).is_file() else 0
    return Examination(ref, facts, tuple(findings), tokens, size)


def _lora(path: Path, base: Any) -> Iterator[Finding]:
    try:
        yield from lora_findings(read_gguf_header(path), base)
    except DamagedGguf as error:
        yield unopenable(path.name, str(error), _AGAIN)


_AGAIN = "copy or export it again"


def _unreadable(error: UnreadableFile) -> Finding:
    name, _, rest = str(error).partition(": ")
    where, what = (name, rest) if rest else ("config.json", name)
    return unopenable(where, what, _AGAIN)


def _weight_facts(weights: WeightHeaders, config: Mapping[str, Any]) -> dict[str, str]:
    named = config.get("architectures")
    first = named[0] if isinstance(named, list) and named else config.get("model_type")
    rows = weights.embedding
    return {
        "architecture": excerpt(str(first)),
        "weights": f"{_megabytes(weights.size_bytes)}, {', '.join(weights.dtypes) or 'unknown'}",
        "parameters": f"{weights.numel:,}",
        "embeddings": " x ".join(f"{n:,}" for n in rows.shape) if rows else "not found",
        "context": _number(config.get("max_position_embeddings") or config.get("n_positions")),
    }


def _adapter_facts(adapter: AdapterFiles, base: str) -> dict[str, str]:
    config = adapter.config
    named = config.get("target_modules")
    targets = ", ".join(map(str, named)) if isinstance(named, list) else str(named)
    return {
        "adapter": excerpt(str(config.get("peft_type", "unknown"))),
        "base": base,
        "trained over": (adapter.trained_over or "not recorded")[:12],
        "rank, alpha": f"{_number(config.get('r'))}, {_number(config.get('lora_alpha'))}",
        "targets": excerpt(targets, 200),
        "weights": f"{_megabytes(adapter.weights.size_bytes)}, "
        f"{', '.join(adapter.weights.dtypes) or 'unknown'}",
    }


def _token_facts(tokens: TokenFacts) -> dict[str, str]:
    ends = {i for ids in tokens.end_ids.values() for i in ids}
    if tokens.eos is not None and tokens.eos in tokens.ids:
        ends.add(tokens.ids[tokens.eos])
    names = ", ".join(f"{excerpt(tokens.text_of(i) or '?')} ({i})" for i in sorted(ends))
    template = tokens.template
    return {
        "vocabulary": f"{len(tokens.ids):,} tokens",
        "answers end at": names or "nothing known",
        "PAD": excerpt(tokens.pad or "none"),
        "BOS": excerpt(tokens.bos or "none"),
        "pre-tokenizer": tokens.pre_tokenizer or "none of those known here",
        "chat template": "none"
        if template is None
        else f"{sha256_of(template)[:12]}, {tokens.template_file}",
    }


def _number(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:,}" if is_number else "not said"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
