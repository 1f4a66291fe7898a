"""Reads a GGUF file's tokenizer through llama.cpp: encoding, decoding, special tokens."""

import ctypes
from collections.abc import Iterable, Sequence
from functools import cached_property

import llama_cpp

from harness.core.case import Message
from harness.core.tool_form import ToolForm
from harness.engine import prompt
from harness.engine.llama.library import LoadedModel
from harness.engine.tokenization import Token, Vocabulary
from harness.model_files.chat_template import ChatTemplate
from harness.model_files.gguf_header import CHAT_TEMPLATE_KEY, TOOL_TEMPLATE_KEY, GgufHeader
from harness.model_files.pre_tokenizer import one_name
from harness.model_files.tool_template import tool_form_of

SPECIAL = {name: name for name in ("bos", "eos", "cls", "mask")}
SPECIAL |= {"unk": "unknown", "sep": "seperator", "pad": "padding"}
"""transformers' name of a special token, and the name in ``tokenizer.ggml.NAME_token_id``."""
_PADDING_TYPE = 5
"""llama.cpp's ``UNUSED``: the token type of padding rows of the embeddings."""


class LlamaVocabulary:
    """The tokenizer of an open model."""

    def __init__(self, loaded: LoadedModel, header: GgufHeader) -> None:
        self.pointer = loaded.vocabulary
        self.header = header
        self.size = int(llama_cpp.llama_vocab_n_tokens(self.pointer))
        self.has_space_prefix = (
            llama_cpp.llama_vocab_type(self.pointer) == llama_cpp.LLAMA_VOCAB_TYPE_SPM
            and header.metadata.get("tokenizer.ggml.add_space_prefix", True) is not False
        )
        """The tokenizer adds a space before the first word, which is not part of the text."""
        source = header.text(CHAT_TEMPLATE_KEY)
        self.template = ChatTemplate(source, self._named()) if source else None
        with_tools = header.text(TOOL_TEMPLATE_KEY)
        self.tool_template = (
            ChatTemplate(with_tools, self._named()) if with_tools else self.template
        )
        self._bytes: dict[int, bytes] = {}

    def render(
        self, messages: Sequence[Message], arguments: prompt.Arguments = (), *, tools: str = ""
    ) -> str:
        """Render a conversation through the model's own chat template, where it has one."""
        template = self.tool_template if tools else self.template
        if template is None:
            return prompt.plain(messages)
        return template.render(messages, arguments, tools=tools)

    def tool_form(self) -> ToolForm | None:
        """The form in which the model's chat template writes calls."""
        return tool_form_of(self.tool_template) if self.tool_template else None

    def encode(self, text: str) -> list[int]:
        """Token ids of a rendered prompt. A chat template has added its own special tokens."""
        raw = text.encode("utf-8", "replace")
        # A token has at least one byte; two more for BOS and EOS.
        room = (llama_cpp.llama_token * (len(raw) + 2))()
        count = llama_cpp.llama_tokenize(
            self.pointer, raw, len(raw), room, len(room), self.template is None, True
        )
        if count < 0:
            raise ValueError(f"llama.cpp cannot turn {len(raw)} bytes into tokens")
        return list(room[:count])

    def decode(self, ids: Sequence[int]) -> str:
        """Text of an answer's tokens, special tokens included. Bytes that are not UTF-8 become
        U+FFFD, as in transformers."""
        raw = b"".join(self._piece(i) for i in ids)
        if self.has_space_prefix and raw.startswith(b" "):
            raw = raw[1:]
        return raw.decode("utf-8", "replace")

    def texts(self, ids: Iterable[int]) -> dict[int, str]:
        """The text of each id by itself."""
        return {i: self._piece(i).decode("utf-8", "replace") for i in ids}

    @cached_property
    def end_ids(self) -> frozenset[int]:
        """Every id at which llama.cpp ends an answer: the file's EOS, EOT and EOM, and tokens that
        it recognises by their text. Other programs that run the file end there too."""
        is_end = llama_cpp.llama_vocab_is_eog
        return frozenset(i for i in range(self.size) if is_end(self.pointer, i))

    def describe(self, context: int | None) -> Vocabulary:
        return Vocabulary(
            size=self._size_without_padding(),
            logits=self.size,
            bos=self._special("bos"),
            eos=self._special("eos"),
            pad=self._special("pad"),
            end_ids=tuple(sorted(self.end_ids)),
            has_bos_added=bool(llama_cpp.llama_vocab_get_add_bos(self.pointer)),
            chat_template=self.template.source if self.template else None,
            context=context,
            pre_tokenizer=one_name(self.header.text("tokenizer.ggml.pre")),
        )

    def _size_without_padding(self) -> int:
        types = self.header.metadata.get("tokenizer.ggml.token_type")
        padding = types.count(_PADDING_TYPE) if isinstance(types, list) else 0
        return self.size - padding

    def _named(self) -> dict[str, str]:
        """``bos_token`` and other special tokens, for a chat template."""
        found = {f"{name}_token": self._special(name) for name in SPECIAL}
        return {name: token.text for name, token in found.items() if token is not None}

    def _special(self, name: str) -> Token | None:
        """The special token that the file states. Where it states none, llama.cpp has defaults
        (such as 11 for BOS) that mean nothing to the model."""
        token_id = self.header.count(f"tokenizer.ggml.{SPECIAL[name]}_token_id")
        if token_id is None or token_id >= self.size:
            return None
        text = llama_cpp.llama_vocab_get_text(self.pointer, token_id) or b""
        return Token(token_id, text.decode("utf-8", "replace"))

    def _piece(self, token_id: int) -> bytes:
        if token_id not in self._bytes:
            self._bytes[token_id] = self._read_piece(token_id)
        return self._bytes[token_id]

    def _read_piece(self, token_id: int) -> bytes:
        for size in (64, 4096, 1 << 20):
            room = ctypes.create_string_buffer(size)
            count = llama_cpp.llama_token_to_piece(self.pointer, token_id, room, size, 0, True)
            if count >= 0:
                return room.raw[:count]
        return b""
