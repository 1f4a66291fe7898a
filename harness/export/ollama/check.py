"""Examines a Modelfile: its files are there, and its prompts are those of the chat template."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.printable import excerpt, printable
from harness.export.ollama.gguf_model import GgufModel, check_lora, open_gguf
from harness.export.ollama.go_syntax import GoTemplateError
from harness.export.ollama.modelfile import MODELFILE, Modelfile, NotAModelfile, read
from harness.export.ollama.prompt import OllamaTemplate
from harness.export.ollama.proof import Reference, first_required
from harness.files.regular import read_regular
from harness.files.staging import RECORD_FILE
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.examine import Examination
from harness.model_files.finding import Finding, note, problem, warning
from harness.model_files.fingerprint import sha256_of_file

MAX_BYTES = 4 << 20
_AGAIN = "export it again: harness export ollama GGUF -o DIR"


def modelfile_of(location: Path) -> Path | None:
    """The Modelfile that a typed path names: itself, or the one in that folder."""
    path = location / MODELFILE if location.is_dir() else location
    return path if path.is_file() and MODELFILE.lower() in path.name.lower() else None


def examine_modelfile(path: Path) -> Examination:
    """Examine a Modelfile and the files that it names.

    Raises:
        HarnessError: it cannot be read.
    """
    ref = ModelRef("ollama", str(path))
    try:
        modelfile = read(read_regular(path, MAX_BYTES).decode("utf-8"))
    except UnicodeDecodeError:
        return Examination(ref, findings=(problem(path.name, "it is not UTF-8", _AGAIN),))
    except NotAModelfile as error:
        return Examination(ref, findings=(problem(path.name, f"{error}", _AGAIN),))
    file = path.parent / (modelfile.value("FROM") or "")
    facts = {
        "from": modelfile.value("FROM") or "",
        "stops": ", ".join(map(excerpt, modelfile.parameters("stop"))) or "none",
        "num_ctx": next(iter(modelfile.parameters("num_ctx")), "Ollama's own"),
    }
    if not _is_file(file):
        what = f"{excerpt(facts['from'])} is not a file beside it"
        findings: tuple[Finding, ...] = (problem("FROM", what, "name the GGUF file"),)
        return Examination(ref, facts, findings)
    return Examination(ref, facts, tuple(_findings(path, modelfile, file)))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # The name is too long, or a folder on the way is closed.
        return False


def _findings(path: Path, modelfile: Modelfile, file: Path) -> Iterator[Finding]:
    record = _record(path.parent)
    yield from _hash_findings(record, path.parent)
    try:
        model = open_gguf(file)
        yield from _adapter_findings(path.parent, modelfile, model)
        reference = model.reference(_arguments(record))
    except HarnessError as error:
        yield problem(file.name, printable(str(error).removeprefix(f"{file}: ")), _AGAIN)
        return
    yield from _template_findings(modelfile, reference)
    yield from _stop_findings(modelfile, model, reference)
    yield from _context_findings(modelfile, model)


def _adapter_findings(folder: Path, modelfile: Modelfile, model: GgufModel) -> Iterator[Finding]:
    adapter = modelfile.value("ADAPTER")
    if adapter is None:
        return
    if not _is_file(folder / adapter):
        what = f"{excerpt(adapter)} is not a file beside it"
        yield problem("ADAPTER", what, "name the LoRA's GGUF file")
        return
    try:
        check_lora(folder / adapter, model)
    except HarnessError as error:
        what = printable(str(error).removeprefix(f"{folder / adapter}: "))
        yield problem("ADAPTER", f"{excerpt(adapter)}: {what}", _AGAIN)


def _record(folder: Path) -> Mapping[str, object]:
    """``export.json`` of the folder; empty where there is none that can be read."""
    try:
        return read_object(folder / RECORD_FILE)
    except UnreadableFile:
        return {}


def _arguments(record: Mapping[str, object]) -> dict[str, str | int | float | bool]:
    found = record.get("template_arguments")
    if not isinstance(found, dict):
        return {}
    scalars = (str, int, float, bool)
    return {str(name): value for name, value in found.items() if isinstance(value, scalars)}


def _hash_findings(record: Mapping[str, object], folder: Path) -> Iterator[Finding]:
    outputs = record.get("outputs")
    if not isinstance(outputs, dict):
        yield note(RECORD_FILE, "there is no record of its export", "its files are not held to one")
        return
    for name, written in outputs.items():
        wanted = written.get("sha256") if isinstance(written, dict) else None
        path = folder / Path(str(name)).name
        if not _is_file(path):
            yield problem(excerpt(str(name)), "it is not there", _AGAIN)
        elif sha256_of_file(path) != wanted:
            yield warning(excerpt(str(name)), "it was changed after the export", _AGAIN)


def _template_findings(modelfile: Modelfile, reference: Reference) -> Iterator[Finding]:
    source = modelfile.value("TEMPLATE")
    if source is None:
        yield warning("TEMPLATE", "there is none", "Ollama takes one of its own that is like it")
        return
    try:
        differences = [*reference.differences(OllamaTemplate(source))]
    except GoTemplateError as error:
        yield problem("TEMPLATE", f"it cannot be checked: {printable(str(error))}", _AGAIN)
        return
    if (wrong := first_required(differences)) is not None:
        yield problem("TEMPLATE", str(wrong), _AGAIN)
        return
    for difference in differences:
        yield note("TEMPLATE", str(difference), "keep such conversations away from it")


def _stop_findings(
    modelfile: Modelfile, model: GgufModel, reference: Reference
) -> Iterator[Finding]:
    stops = modelfile.parameters("stop")
    for text in model.stops:
        if text not in stops:
            yield warning(
                "PARAMETER stop", f"{excerpt(text)!r}, which ends an answer, is missing", _AGAIN
            )
    after = reference.after_an_answer()
    if after and not after.lstrip().startswith(tuple(s for s in stops if s)):
        yield warning(
            "PARAMETER stop",
            f"after an answer the template writes {excerpt(after, 24)!r}, at which nothing stops",
            "a model that writes it goes on: add a stop",
        )


def _context_findings(modelfile: Modelfile, model: GgufModel) -> Iterator[Finding]:
    asked = next(iter(modelfile.parameters("num_ctx")), None)
    if asked is None:
        yield note("PARAMETER num_ctx", "it is not said", "Ollama's own is short: prompts are cut")
    elif re.fullmatch(r"[0-9]{1,9}", asked) is None:
        yield problem("PARAMETER num_ctx", f"{excerpt(asked)} is no number of tokens", _AGAIN)
    elif model.context and int(asked) > model.context:
        what = f"it is {int(asked):,}, the model was made for {model.context:,} tokens"
        yield warning("PARAMETER num_ctx", what, "answers to longer prompts mean little")
