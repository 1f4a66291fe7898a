"""Findings about a GGUF file, and about a LoRA GGUF over it."""

from collections import Counter
from collections.abc import Iterator, Mapping

from harness.core.printable import excerpt, printable
from harness.model_files.finding import Finding, note, problem, unopenable, warning
from harness.model_files.gguf_header import CHAT_TEMPLATE_KEY, GgufHeader
from harness.model_files.provenance_keys import BASE_WEIGHTS_SHA256, SOURCE_WEIGHTS_SHA256
from harness.model_files.tokens import TokenFacts

EMBEDDING = "token_embd.weight"
_SIDES = (".lora_a", ".lora_b")
_OTHER_BASE = "put the LoRA over its own base"


def gguf_findings(header: GgufHeader, tokens: TokenFacts) -> Iterator[Finding]:
    """Findings about a whole model's file; those about its tokens are ``token_findings``."""
    if header.text("general.type") == "adapter":
        yield unopenable(
            "general.type", "it is a LoRA, no model", "put it over its base: gguf:BASE+lora=FILE"
        )
        return
    if not header.architecture:
        yield unopenable("general.architecture", "it is missing", "export the model again")
    if not tokens.ids:
        yield unopenable(
            "tokenizer.ggml.tokens", "there is no vocabulary", "export the model again"
        )
    yield from _id_findings(header, tokens)
    embedding = header.tensors.get(EMBEDDING)
    if embedding is None:
        yield unopenable(EMBEDDING, "there are no embeddings", "export the model again")
    elif tokens.ids and len(embedding.shape) == 2:
        listed = header.metadata.get("tokenizer.ggml.tokens")
        count = len(listed) if isinstance(listed, list) else 0
        if embedding.shape[0] != count:
            yield unopenable(
                EMBEDDING,
                f"the embeddings have {embedding.shape[0]:,} rows, the vocabulary lists {count:,}",
                "llama.cpp cannot open it: export the model again",
            )
    if header.count(f"{header.architecture}.context_length") is None:
        yield warning(
            f"{header.architecture}.context_length", "it is missing", "export the model again"
        )


def lora_findings(lora: GgufHeader, base: GgufHeader) -> Iterator[Finding]:
    """Findings about a LoRA GGUF over this base."""
    if (kind := lora.text("adapter.type")) != "lora":
        yield unopenable("adapter.type", f"is {excerpt(str(kind))!r}, not lora", "export it again")
        return
    if lora.architecture != base.architecture:
        theirs, own = excerpt(base.architecture), excerpt(lora.architecture)
        yield unopenable(
            "general.architecture", f"it is made for {own}, the base is {theirs}", _OTHER_BASE
        )
        return
    wanted, there = lora.text(BASE_WEIGHTS_SHA256), base.text(SOURCE_WEIGHTS_SHA256)
    if wanted is not None and there is not None and wanted != there:
        yield unopenable(
            BASE_WEIGHTS_SHA256,
            f"it was trained over weights {printable(wanted[:12])}, "
            f"the base holds {printable(there[:12])}",
            _OTHER_BASE,
        )
        return
    for name, tensor in lora.tensors.items():
        side = next((s for s in _SIDES if name.endswith(s)), None)
        if side is None:
            continue
        weight = base.tensors.get(name.removesuffix(side))
        if weight is None:
            yield unopenable(excerpt(name), "the base has no such tensor", _OTHER_BASE)
            return
        inner = tensor.shape[-1] if side == ".lora_a" else tensor.shape[0]
        outer = weight.shape[-1] if side == ".lora_a" else weight.shape[0]
        if len(weight.shape) == 2 and inner != outer:
            yield unopenable(
                excerpt(name),
                f"it is made for {inner} numbers, the base has {outer} there",
                _OTHER_BASE,
            )
            return


def types_of(header: GgufHeader) -> Mapping[str, int]:
    """Number of tensors by type, the commonest first."""
    return dict(Counter(t.type for t in header.tensors.values()).most_common())


def _id_findings(header: GgufHeader, tokens: TokenFacts) -> Iterator[Finding]:
    for name, label in (("eos", "EOS"), ("padding", "PAD"), ("bos", "BOS")):
        key = f"tokenizer.ggml.{name}_token_id"
        number = header.count(key)
        if number is not None and tokens.ids and number >= tokens.least_rows:
            level = warning if name == "padding" else problem
            yield level(
                key,
                f"{label} is id {number:,}, the vocabulary has {tokens.least_rows:,}",
                "export the model again",
            )
    if tokens.template is None:
        yield warning(
            CHAT_TEMPLATE_KEY,
            "there is no chat template",
            "programs that open the file guess one: export it again with the template",
        )
    if not header.file_type:
        yield note("general.file_type", "it is missing or unknown", "look at the tensors' types")
