"""The weights of a transformers folder: its safetensors files as one list of tensors."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.printable import excerpt
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.finding import Finding, note, problem, unopenable, warning
from harness.model_files.safetensors_header import Tensor, read_header
from harness.model_files.tokens import TokenFacts

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
_EMBEDDINGS = (
    "embed_tokens.weight",
    "wte.weight",
    "word_embeddings.weight",
    "embed_in.weight",
    "tok_embeddings.weight",
)
_HALF = ("F16", "BF16")


@dataclass(frozen=True, slots=True)
class WeightHeaders:
    """The tensors of one or several safetensors files, and what is wrong with the files."""

    tensors: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    findings: tuple[Finding, ...] = ()
    size_bytes: int = 0
    """Bytes of all files with weights."""

    @property
    def dtypes(self) -> Mapping[str, int]:
        """Number of weights by type, the commonest first."""
        counts: Counter[str] = Counter()
        for tensor in self.tensors.values():
            counts[tensor.dtype] += tensor.numel
        return dict(counts.most_common())

    @property
    def numel(self) -> int:
        """Number of weights; 0 where no header could be read."""
        return sum(tensor.numel for tensor in self.tensors.values())

    @property
    def embedding(self) -> Tensor | None:
        """The input embeddings, ``[rows, width]``."""
        return embedding_of(self.tensors)


def count_parameters(folder: Path) -> int:
    """Parameters of a model, by the headers of its files; pickles, which have none, are taken for
    float32."""
    headers = folder_weights(folder)
    return headers.numel or headers.size_bytes // 4


def embedding_of(tensors: Mapping[str, Tensor]) -> Tensor | None:
    """The input embedding among these tensors, where its name is a known one."""
    found = (t for n, t in tensors.items() if is_embedding(n) and len(t.shape) == 2)
    return next(found, None)


def is_embedding(name: str) -> bool:
    """True for a known name of the input embedding."""
    return name.endswith(_EMBEDDINGS)


def folder_weights(folder: Path) -> WeightHeaders:
    """Read the headers of a whole model's files; a file that cannot be read is a finding."""
    if (folder / SINGLE).is_file():  # as transformers: an index beside it is not looked at
        return file_weights(folder / SINGLE)
    if (folder / INDEX).is_file():
        return _sharded(folder)
    size = sum(path.stat().st_size for path in folder.glob("*.bin"))
    return WeightHeaders(
        findings=(
            note(
                "pytorch_model.bin",
                "weights are a pickle, which is not looked into",
                "save them as safetensors: a pickle can run programs when it is opened",
            ),
        ),
        size_bytes=size,
    )


def file_weights(path: Path) -> WeightHeaders:
    """Read the header of one file."""
    try:
        tensors = read_header(path)
    except UnreadableFile as error:
        return WeightHeaders(findings=(_damaged(path, error),), size_bytes=_size(path))
    return WeightHeaders(tensors, tuple(_shared_type(path.name, tensors)), _size(path))


def _sharded(folder: Path) -> WeightHeaders:
    try:
        index = read_object(folder / INDEX)
    except UnreadableFile as error:
        return WeightHeaders(findings=(_damaged(folder / INDEX, error),))
    listed = index.get("weight_map")
    placed: dict[str, Any] = listed if isinstance(listed, dict) else {}
    tensors: dict[str, Tensor] = {}
    findings: list[Finding] = []
    size = 0
    for name in sorted({str(shard) for shard in placed.values()}):
        path = folder / name
        if path.name != name or not path.is_file():
            findings.append(
                unopenable(
                    INDEX, f"the shard {excerpt(name)} is not there", "copy the whole folder"
                )
            )
            continue
        size += _size(path)
        found = file_weights(path)
        findings += found.findings
        if found.tensors:
            lost = [t for t, shard in placed.items() if shard == name and t not in found.tensors]
            if lost:
                what = f"the tensor {excerpt(lost[0])} is not in {excerpt(name)}"
                findings.append(unopenable(INDEX, what, "copy the whole folder again"))
        tensors |= found.tensors
    if not placed:
        findings.append(unopenable(INDEX, "lists no weights", "copy the whole folder again"))
    return WeightHeaders(tensors, tuple(findings), size)


def row_findings(
    weights: WeightHeaders,
    tokens: TokenFacts,
    config: Mapping[str, Any],
    resized: int | None = None,
) -> Iterator[Finding]:
    """Findings where embeddings, vocabulary and configuration differ in size.

    Args:
        resized: rows of the embedding that an adapter brings in place of the weights'.
    """
    embedding = weights.embedding
    if embedding is None:
        return
    rows, least = resized or embedding.shape[0], tokens.least_rows
    if rows < least:
        yield problem(
            SINGLE,
            f"the embeddings have {rows:,} rows, the vocabulary needs {least:,}",
            "resize them, or take the tokenizer that belongs to these weights",
        )
    elif 0 < least < rows:
        yield note(
            SINGLE,
            f"the embeddings have {rows:,} rows, the vocabulary uses {least:,}",
            "the rest is padding, which only a damaged model would choose",
        )
    said = config.get("vocab_size")
    if isinstance(said, int) and said != embedding.shape[0]:
        yield problem(
            "config.json",
            f"vocab_size is {said:,}, the embeddings have {embedding.shape[0]:,} rows",
            "the model cannot be opened: correct config.json",
        )


def _shared_type(name: str, tensors: Mapping[str, Tensor]) -> Iterator[Finding]:
    matrices = {t.dtype for t in tensors.values() if len(t.shape) > 1}
    if len(matrices & {*_HALF, "F32", "F64"}) > 1:
        said = ", ".join(sorted(matrices))
        yield warning(
            name,
            f"its matrices are of several types ({said})",
            "all of them become one type when it is opened",
        )


def _damaged(path: Path, error: UnreadableFile) -> Finding:
    return unopenable(path.name, str(error), "copy or export it again")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
