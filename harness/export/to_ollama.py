"""``harness export ollama``: a folder that ``ollama create`` reads, around a GGUF file."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.export_record import ExportRecord
from harness.core.template_arguments import Scalar
from harness.export.ollama.conversion import candidates
from harness.export.ollama.gguf_model import GgufModel, check_lora, open_gguf
from harness.export.ollama.go_syntax import GoTemplateError
from harness.export.ollama.modelfile import (
    MODELFILE,
    Line,
    Modelfile,
    NotAModelfile,
    is_writable,
    parameters,
    text_of,
)
from harness.export.ollama.prompt import OllamaTemplate
from harness.export.ollama.proof import Reference, first_required
from harness.export.record import ollama_record
from harness.export.record import text_of as record_text
from harness.files import staging as output
from harness.files.atomic import publish_folder
from harness.files.regular import read_regular

MODEL_FILE, LORA_FILE = "model.gguf", "adapter.gguf"
DEFAULT_CONTEXT = 8192
"""Most tokens of a context that is not asked for: its cache is held in memory whole."""
MAX_TEMPLATE_BYTES = 1 << 20
_CANNOT = "cannot be written for Ollama"
_UNWRITABLE = "has characters that a Modelfile cannot hold"


@dataclass(frozen=True, slots=True)
class OllamaRequest:
    """A requested export for Ollama."""

    file: Path
    lora: Path | None = None
    parameters: tuple[tuple[str, int | float], ...] = ()
    """Decoding parameters by Ollama's names."""
    system: str | None = None
    context: int | None = None
    """``num_ctx``; ``None``: the model's own, up to ``DEFAULT_CONTEXT``."""
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    """Arguments of the chat template."""
    raw_template: Path | None = None
    """The user's own Go template."""


def to_ollama(request: OllamaRequest, target: Path, has_force: bool) -> ExportRecord:
    """Write ``target``: a Modelfile, the GGUF beside it, and the record.

    Raises:
        HarnessError: a file cannot be used, or no template renders what the chat template does.
    """
    start = time.monotonic()
    if request.system and not is_writable(request.system):
        raise HarnessError(
            f"the system message {_UNWRITABLE} (no control characters, no blanks but plain ones): "
            "give another with --system"
        )
    inputs = tuple(path for path in (request.file, request.lora) if path)
    output.check_folder(target, has_force, inputs)
    model = open_gguf(request.file)
    if request.lora:
        check_lora(request.lora, model)
    reference = model.reference(request.arguments)
    template, warnings = proven(model, reference, request.raw_template)
    modelfile = Modelfile((*_lines(request, model, template), *_stops(model)))
    with output.staged(target) as staging:
        folder = staging.path("folder")
        folder.mkdir()
        try:
            (folder / MODELFILE).write_text(text_of(modelfile), "utf-8", newline="")
        except NotAModelfile as error:
            raise HarnessError(f"{request.file}: {error}") from None
        for source, name in zip(inputs, (MODEL_FILE, LORA_FILE), strict=False):
            _link(source, folder / name, target)
        record = ollama_record(
            request.file,
            request.lora,
            folder,
            header=model.header,
            warnings=(*warnings, *_more_warnings(request, model)),
            template_arguments=dict(request.arguments),
            start=start,
        )
        (folder / output.RECORD_FILE).write_text(record_text(record), "utf-8")
        publish_folder(folder, target, staging.path("previous"))
    return record


def proven(model: GgufModel, reference: Reference, raw: Path | None) -> tuple[str, tuple[str, ...]]:
    """The template that renders what the chat template does, and the warnings about it.

    Raises:
        HarnessError: there is none.
    """
    sources = [_own(raw)] if raw else candidates(reference, model.tokens.special)
    what = f"--raw-template {raw}" if raw else f"{model.file}: its chat template"
    if reason := reference.refusal("uau"):
        raise HarnessError(f"{what} {_CANNOT}: the chat template refuses a question: {reason:.100}")
    reason = "it does not write the messages as they are"
    for source in sources:
        try:
            differences = [*reference.differences(OllamaTemplate(source))]
        except GoTemplateError as error:
            raise HarnessError(f"{what}: is no template that is known here: {error}") from None
        if failed := first_required(differences):
            reason = str(failed)
        elif is_writable(source):
            return source, (*map(str, differences), *_reference_warnings(reference))
        else:
            reason = f"it {_UNWRITABLE}"
    hint = "" if raw else "; bring your own with --raw-template FILE"
    raise HarnessError(f"{what} {_CANNOT}: {reason}{hint}")


def _own(raw: Path) -> str:
    try:
        return read_regular(raw, MAX_TEMPLATE_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        raise HarnessError(f"--raw-template {raw}: is not UTF-8") from None


def _reference_warnings(reference: Reference) -> Iterator[str]:
    if reason := reference.refusal("su"):
        yield (
            f"the chat template refuses a system message ({reason:.80}): Ollama refuses none, and "
            "leaves it out of the prompt"
        )
    if reference.is_bos_missing:
        yield (
            "the file says that a BOS is put before every prompt, which the chat template does not "
            "write: Ollama's prompts have one token more"
        )


def _lines(request: OllamaRequest, model: GgufModel, template: str) -> Iterator[Line]:
    yield Line("FROM", f"./{MODEL_FILE}")
    if request.lora:
        yield Line("ADAPTER", f"./{LORA_FILE}")
    yield Line("TEMPLATE", template)
    if request.system:
        yield Line("SYSTEM", request.system)
    context = request.context or min(model.context or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    yield from parameters([("num_ctx", context), *request.parameters])


def _stops(model: GgufModel) -> Iterator[Line]:
    yield from parameters(("stop", text) for text in model.stops)


def _more_warnings(request: OllamaRequest, model: GgufModel) -> Iterator[str]:
    if not model.stops:
        yield "the file names no token that ends an answer: answers end where Ollama cuts them"
    if request.context and model.context and request.context > model.context:
        yield f"--context {request.context}: the model was made for {model.context:,} tokens"
    if not request.parameters:
        yield (
            "no decoding parameters are written, so Ollama's own hold (temperature 0.8, "
            "repeat_penalty 1.1): name the --task that was judged"
        )


def _link(source: Path, place: Path, target: Path) -> None:
    """One file in two places where the disk can; else a copy."""
    try:
        os.link(source.resolve(), place)
    except OSError:
        output.check_space(target, source.stat().st_size)
        shutil.copyfile(source, place)
