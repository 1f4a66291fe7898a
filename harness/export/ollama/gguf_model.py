"""The facts of a GGUF file that decide how Ollama has to ask it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.template_arguments import Scalar
from harness.export.ollama.proof import Reference, reference_of
from harness.model_files.finding import Level
from harness.model_files.gguf_findings import gguf_findings, lora_findings
from harness.model_files.gguf_header import DamagedGguf, GgufHeader, read_gguf_header
from harness.model_files.gguf_tokens import gguf_tokens
from harness.model_files.provenance_keys import END_TOKEN_IDS
from harness.model_files.tokens import TokenFacts

SPECIAL = {
    "bos_token": "bos",
    "eos_token": "eos",
    "pad_token": "padding",
    "unk_token": "unknown",
    "sep_token": "seperator",
    "cls_token": "cls",
    "mask_token": "mask",
}
"""A template's name of a special token, and the one in ``tokenizer.ggml.NAME_token_id``."""
BOS_ADDED_TO = ("llama", "llama-bpe", "llama3", "llama-v3")
"""``tokenizer.ggml.model`` or ``pre`` that get a BOS from llama.cpp where the file does not say."""


@dataclass(frozen=True, slots=True)
class GgufModel:
    """A whole model's file, and what its metadata says."""

    file: Path
    header: GgufHeader
    tokens: TokenFacts

    @property
    def context(self) -> int | None:
        """The tokens that the model was made for."""
        return self.header.count(f"{self.header.architecture}.context_length")

    @property
    def special(self) -> dict[str, str]:
        """``bos_token`` and the like."""
        return {name: text for name, key in SPECIAL.items() if (text := self._special(key))}

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts of the tokens that end an answer: the tokenizer's EOS first."""
        listed = self.header.metadata.get(END_TOKEN_IDS)
        ids = [i for named in self.tokens.end_ids.values() for i in named]
        ids += [i for i in listed if isinstance(i, int)] if isinstance(listed, list) else []
        texts = [self.tokens.text_of(i) for i in dict.fromkeys(ids)]
        return tuple(text for text in texts if text)

    @property
    def has_bos_added(self) -> bool:
        """llama.cpp puts a BOS before every prompt."""
        said = self.header.metadata.get("tokenizer.ggml.add_bos_token")
        if isinstance(said, bool):
            return said
        names = (self.header.text(f"tokenizer.ggml.{key}") for key in ("model", "pre"))
        return any(name in BOS_ADDED_TO for name in names)

    def reference(self, arguments: Mapping[str, Scalar]) -> Reference:
        """The prompts that its chat template makes.

        Raises:
            HarnessError: there is no chat template, or it cannot be rendered.
        """
        if self.tokens.template is None:
            raise HarnessError(
                f"{self.file}: holds no chat template to convert, export it again with one"
            )
        try:
            return reference_of(
                self.tokens.template, self.special, arguments, has_bos_added=self.has_bos_added
            )
        except ValueError as error:
            raise HarnessError(
                f"{self.file}: its chat template {error}, no prompt is sure"
            ) from None

    def _special(self, key: str) -> str | None:
        number = self.header.count(f"tokenizer.ggml.{key}_token_id")
        return None if number is None else self.tokens.text_of(number)


def open_gguf(file: Path) -> GgufModel:
    """Read a whole model's header.

    Raises:
        HarnessError: it is damaged, or llama.cpp cannot open it.
    """
    header = _header(file)
    tokens = gguf_tokens(header)
    for finding in gguf_findings(header, tokens):
        if finding.level is Level.PROBLEM:
            raise HarnessError(f"{file}: {finding}")
    return GgufModel(file, header, tokens)


def check_lora(lora: Path, model: GgufModel) -> None:
    """Raise a HarnessError unless the LoRA fits the model."""
    for finding in lora_findings(_header(lora), model.header):
        raise HarnessError(f"{lora}: {finding}")


def _header(file: Path) -> GgufHeader:
    try:
        return read_gguf_header(file)
    except DamagedGguf as error:
        raise HarnessError(f"{file}: {error}") from None
