"""``harness export ollama``: a folder with the Modelfile that ``ollama create`` reads."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import task_named, tasks_dir_option
from harness.cli._paths import PathType

if TYPE_CHECKING:
    from harness.export.to_ollama import OllamaRequest
    from harness.tasks.task import Task

_FILE = PathType(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("gguf")
@click.option(
    "-o",
    "--output",
    "target",
    metavar="DIR",
    type=PathType(path_type=Path),
    required=True,
    help="The folder to write; it appears there whole or not at all.",
)
@click.option("--task", metavar="NAME", help="Take decoding parameters and system from this task.")
@tasks_dir_option
@click.option(
    "--generation-config",
    type=_FILE,
    help="Take decoding parameters from this generation_config.json instead.",
)
@click.option("--system", metavar="TEXT", help="The system message. [default: the task's]")
@click.option(
    "--context",
    type=click.IntRange(1),
    metavar="TOKENS",
    help="num_ctx. [default: the model's, at most 8192]",
)
@click.option(
    "--raw-template",
    type=_FILE,
    help="A Go template of your own; it is checked like the converted one.",
)
@click.option("--force", is_flag=True, help="Replace what an export left there before.")
@json_option
def ollama(
    gguf: str,
    target: Path,
    task: str | None,
    tasks_dir: Path | None,
    generation_config: Path | None,
    system: str | None,
    context: int | None,
    raw_template: Path | None,
    force: bool,
    is_json: bool,
) -> None:
    """Write a folder for Ollama around GGUF, a file or gguf:FILE[+lora=FILE].

    Its Modelfile holds the chat template as a Go template that was proven to render the same text.

    \b
    harness export ollama my-q4.gguf -o ollama/my-model --task json_extraction
    ollama create my-model -f ollama/my-model/Modelfile
    """
    from harness.core.errors import HarnessError
    from harness.export.to_ollama import to_ollama
    from harness.report.console.output import say

    if task and generation_config:
        raise HarnessError("--task and --generation-config both hold parameters, name one")
    asked = _asked(gguf, task, tasks_dir, generation_config)
    asked = replace(
        asked, system=system or asked.system, context=context, raw_template=raw_template
    )
    record = to_ollama(asked, target, force)
    say(*(f"warning: {warning}" for warning in record.warnings), err=True)
    if is_json:
        say_document({"output": target, "record": asdict(record)})
        return
    size = sum(written.bytes for written in record.outputs.values())
    say(f"wrote {target}: Modelfile, {record.type}, {size / 1e6:,.1f} MB")


def _asked(
    gguf: str, task: str | None, tasks_dir: Path | None, generation_config: Path | None
) -> "OllamaRequest":
    from harness.core.errors import HarnessError
    from harness.core.modelref import ModelRef
    from harness.export.to_ollama import OllamaRequest
    from harness.model_files.folders import check_file, check_options

    is_ref = gguf.startswith("gguf:") and not Path(gguf).exists()
    ref = ModelRef.parse(gguf if is_ref else f"gguf:{gguf}")
    try:
        check_options(ref, "lora")
    except HarnessError as error:
        raise HarnessError(*(m.removeprefix("--model ") for m in error.mistakes)) from None
    lora = ref.option("lora")
    check_file(gguf, ref.location)
    if lora is not None:
        check_file(f"{gguf}: its LoRA", lora)
    files = Path(ref.location), Path(lora) if lora else None
    if generation_config:
        return OllamaRequest(*files, parameters=_configured(generation_config))
    if task is None:
        return OllamaRequest(*files)
    found = task_named(task, tasks_dir)
    return OllamaRequest(
        *files,
        parameters=_sampled(found),
        system=found.file.system if found.file.prompt else None,
        arguments=found.template,
    )


def _sampled(task: "Task") -> tuple[tuple[str, int | float], ...]:
    """Every parameter that decides an answer: what is left out would be Ollama's own."""
    sampling = task.sampling
    is_penalized = sampling.repetition_penalty != 1
    return (
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
        ("top_k", sampling.top_k),
        ("min_p", 0),
        ("repeat_penalty", sampling.repetition_penalty),
        *((("repeat_last_n", -1),) if is_penalized else ()),  # The whole text, as in the tests.
        ("seed", sampling.seed),
        ("num_predict", sampling.max_new_tokens),
    )


_NAMES = {
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repeat_penalty",
    "max_new_tokens": "num_predict",
}
"""Ollama's names of transformers' parameters."""


def _configured(file: Path) -> tuple[tuple[str, int | float], ...]:
    from harness.core.errors import HarnessError
    from harness.files.strict_json import UnreadableFile, read_object

    try:
        values: Mapping[str, Any] = read_object(file)
    except UnreadableFile as error:
        raise HarnessError(f"--generation-config {file}: {error}") from None
    temperature = values.get("temperature", 1.0) if values.get("do_sample") is True else 0.0
    found = {"temperature": temperature, "repeat_penalty": 1.0}
    found |= {name: values[key] for key, name in _NAMES.items() if values.get(key) is not None}
    for name, value in found.items():
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not 0 <= value < 1 << 31
        ):
            raise HarnessError(f"--generation-config {file}: {name} {value!r:.40} is no parameter")
    return tuple(found.items())
